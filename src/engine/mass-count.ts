/** Fewer affected clients than this are never a mass, however quiet the site. */
const MIN_AFFECTED = 10;
/** The share of all active clients that makes it one. */
const MASS_SHARE = 0.3;

/** How many clients are active, and how many of them a ban or a list affects. */
export class MassCount {
  active = 0;
  affected = 0;

  /** Whether so large a share is affected that the cause is more likely a mistake of ours, or of a list, than an attack. */
  get isMass(): boolean {
    return this.affected >= MIN_AFFECTED && this.affected >= this.active * MASS_SHARE;
  }
}
