import type { ControlParts } from "./carry-out.js";
import { controlServer, type Control } from "./control-server.js";
import type { ControlOptions } from "./options.js";

/** The control sockets of one app: closing it closes them. */
export class Controls {
  private readonly open = new Set<Promise<Control>>();
  private closed = false;

  constructor(private readonly parts: ControlParts) {}

  /** Opens one; see {@link controlServer}. */
  async control(options: ControlOptions = {}): Promise<Control> {
    const opening = controlServer(this.parts, options);
    this.open.add(opening);
    let control: Control;
    try {
      control = await opening;
    } catch (error) {
      this.open.delete(opening);
      throw error;
    }
    // The app was closed while the socket was being made.
    if (this.closed) await control.close();
    return {
      path: control.path,
      close: () => {
        this.open.delete(opening);
        return control.close();
      },
    };
  }

  /** Closes all of them. */
  async close(): Promise<void> {
    this.closed = true;
    for (const opening of this.open) {
      const control = await opening.catch(() => undefined);
      await control?.close();
    }
    this.open.clear();
  }
}
