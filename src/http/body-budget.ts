/** A body that is being read. */
export interface HeldBody {
  /** How many bytes of memory it takes. */
  bytes: number;
  /** Ends the reading: others need the memory. */
  drop(): void;
}

/** How much memory the bodies that are read at the same time may take together. */
export class BodyBudget {
  private held = 0;
  /** Oldest first. */
  private readonly bodies = new Set<HeldBody>();

  /**
   * @param max in bytes
   * @param whenFull what makes room: nothing, so that a body that needs more is refused; or the bodies that began first, since
   *   clients that send theirs at once are never among them for long
   */
  constructor(
    private readonly max: number,
    private readonly whenFull: "refuse" | "drop oldest",
  ) {}

  /** Reserves memory for a body, as much as it takes from now on; returns whether there is room. */
  reserve(body: HeldBody, bytes: number): boolean {
    const added = bytes - body.bytes;
    if (this.whenFull === "drop oldest") {
      for (const oldest of this.bodies) {
        if (this.held + added <= this.max || oldest === body) break;
        oldest.drop();
      }
    }
    if (this.held + added > this.max) return false;
    this.held += added;
    body.bytes = bytes;
    this.bodies.add(body);
    return true;
  }

  /** Gives a body's memory back. */
  release(body: HeldBody): void {
    if (this.bodies.delete(body)) this.held -= body.bytes;
  }
}
