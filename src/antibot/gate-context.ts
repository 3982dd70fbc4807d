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

export interface GateContext {
  readonly context: Context;
  readonly options: AntibotResolved;
  readonly crypto: GateCrypto;
  readonly passes: PassStorage;
  readonly challenges: ChallengeRegistry;
  readonly uris: ChallengeUris;
  /** The ids of challenges that were used up during a store outage, and until when each is remembered, in ms. */
  readonly usedChallenges: Map<string, number>;
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
    usedChallenges: new Map(),
    escalation: new Escalation(context, options.challenge.steps),
    difficulty: new DifficultyController(options.difficulty, options.adaptive, context.now),
    redirectLoops: new RedirectLoopDetector(context.now),
    knownPrograms: new KnownPrograms(context.events),
  };
}
