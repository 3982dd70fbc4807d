import type { Context } from "../engine/context.js";
import { ChallengeRegistry } from "./challenge-registry.js";
import { ChallengeUris } from "./challenge-uri.js";
import { DifficultyController } from "./difficulty.js";
import { Escalation } from "./escalation.js";
import { GateCrypto } from "./gate-crypto.js";
import { KnownPrograms } from "./known-programs.js";
import type { AntibotResolved } from "./options.js";
import { PassStorage } from "./passes/passes.js";
import { RedirectLoopDetector } from "./redirect-loop-detector.js";
import { UsedChallenges } from "./used-challenges.js";

export interface GateContext {
  readonly context: Context;
  readonly options: AntibotResolved;
  readonly crypto: GateCrypto;
  readonly passes: PassStorage;
  readonly challenges: ChallengeRegistry;
  readonly uris: ChallengeUris;
  /** The challenges that were used up during a store outage, before or after verification. */
  readonly usedChallenges: Readonly<Record<"before" | "after", UsedChallenges>>;
  readonly escalation: Escalation;
  readonly difficulty: DifficultyController;
  readonly redirectLoops: RedirectLoopDetector;
  readonly knownPrograms: KnownPrograms;
}

export function createGateContext(context: Context, options: AntibotResolved): GateContext {
  const crypto = new GateCrypto(context.store, options);
  return {
    context,
    options,
    crypto,
    passes: new PassStorage(context, options, crypto),
    challenges: new ChallengeRegistry(options, context),
    uris: new ChallengeUris(options.uri),
    usedChallenges: { before: new UsedChallenges(context.now), after: new UsedChallenges(context.now) },
    escalation: new Escalation(context, options.challenge.steps),
    difficulty: new DifficultyController(options.difficulty, options.adaptive, context.now),
    redirectLoops: new RedirectLoopDetector(context.now),
    knownPrograms: new KnownPrograms(context.events),
  };
}
