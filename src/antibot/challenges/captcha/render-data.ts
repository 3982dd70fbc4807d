/* eslint-disable @typescript-eslint/no-require-imports */
import type * as Outlines from "./glyph-outlines.generated.js";
import type * as Voices from "./spoken-digits.generated.js";

// Together 180 KB: they load with the first captcha, not with the package. `require` is understood by every bundler, too.

/** The outlines of the captcha's fonts. */
export function loadOutlines(): typeof Outlines {
  return require("./glyph-outlines.generated.js") as typeof Outlines;
}

/** The clips of the spoken digits. */
export function loadVoices(): typeof Voices {
  return require("./spoken-digits.generated.js") as typeof Voices;
}
