import type { ComponentLens } from '../lens/components/players.ts';
import type { InputLens } from '../lens/onnx/masked.ts';
import type { Player } from '../lens/player.ts';
import type { AskedWay } from '../lens/served/protocol.ts';
import type { DeviceInfo } from '../model/model.ts';
import type { IndexName } from '../spectrum/indices.ts';
import type { Structure } from '../spectrum/structure.ts';

/** Indices that an explanation can be expressed in. */
export type InteractionIndex = IndexName;

export type { Player, Structure };

export interface Interaction {
  /** Players, ascending. */
  readonly members: readonly number[];
  readonly value: number;
  /** Standard error; 0 where the value is exact. */
  readonly se: number;
}

export interface Candidate {
  readonly method: string;
  /** Cross-validated on the masks of the fit, as it came out. */
  readonly r2: number;
  /** Where it was so much worse that it dropped out: after how many folds, which alone its R² is over. */
  readonly folds?: number;
}

export interface FitReport {
  /** Share of the variance over unseen masks that the spectrum explains; 1 where every mask was evaluated. */
  readonly r2: number;
  readonly r2Low: number;
  readonly r2High: number;
  /** Masks that graded, each predicted by a fit that had not seen it; 0 where every mask was evaluated. */
  readonly heldOut: number;
  /** Cross-validated: those masks were held out in so many turns and are all fitted in the end. Absent where they were kept apart. */
  readonly folds?: number;
  /** The stop rule, where one was asked for: it ends the run at the first look whose one-sided 95 % bound on R² reaches `r2`. */
  readonly until?: { readonly r2: number; readonly bound: number; readonly reached: boolean };
  /** R² of the explanation before, on fresh masks that were asked for afterwards and are fitted since; absent where none was asked for. */
  readonly audit?: { readonly masks: number; readonly r2: number; readonly r2Low: number; readonly r2High: number };
  /**
   * ln of how much each player matters beside the others, by the Gaussian process, less their mean: what a word prior learns from. Absent where it
   * was not fitted.
   */
  readonly influences?: readonly number[];
  /** The Gaussian process began from what so many other texts say of which words matter; absent where it began from nothing. */
  readonly priorTexts?: number;
  /** Evaluations so far, held-out ones and the two of `values` included; never above the budget. */
  readonly queries: number;
  readonly budget: number;
  readonly chosen: string;
  readonly candidates: readonly Candidate[];
}

/** Servers in place of a device: their addresses, and how they were asked. */
export interface ServerDevice {
  readonly backend: 'server';
  readonly adapter: string;
  readonly software: false;
  readonly tiling?: undefined;
}

/** What ran the forward passes. */
export type AnyDevice = DeviceInfo | ServerDevice;

/** How servers were asked. */
export interface ServerReport {
  readonly urls: readonly string[];
  /** How they said log-probabilities; `chat` where the text was a message, and the target its answer's first token. */
  readonly by: AskedWay;
  /** The system message of a chat. */
  readonly system?: string;
  /** With `top-k` and `chat`: what stands for a target that is not among the listed tokens, and how many masks of this run it stood for, by target. */
  readonly floor?: { readonly rule: string; readonly masks: readonly number[] };
}

/** What a user reads, saves and draws; a plain JSON document. Schema version 1. */
export interface Explanation {
  readonly format: 'webspex-explanation';
  readonly version: 1;
  readonly text: string;
  readonly lens: 'text' | 'function' | 'data' | ComponentLens | InputLens;
  readonly players: readonly Player[];
  /** Spans of the text that were asked to be left alone, or locked by default; absent where there are none. */
  readonly locked?: readonly (readonly [start: number, end: number])[];
  readonly target: string;
  readonly scalar: string;
  readonly values: { readonly full: number; readonly empty: number };
  readonly index: InteractionIndex;
  readonly maxOrder: number;
  /** Largest |value| first; single players included, the empty set not. */
  readonly interactions: readonly Interaction[];
  /** All Fourier coefficients, [] included: f(m) = Σ coefficient · (−1)^(kept members). */
  readonly spectrum: readonly { readonly members: readonly number[]; readonly coefficient: number }[];
  readonly fit: FitReport;
  /** How the spectrum's energy is spread; missing in documents from before 0.2. */
  readonly structure?: Structure;
  readonly method: string;
  readonly mask: string;
  readonly units: string;
  readonly seed: number;
  readonly model: { readonly id: string; readonly revision: string; readonly sha256: string; readonly dtype: string } | null;
  readonly device: AnyDevice | null;
  /** Where a served model answered. */
  readonly server?: ServerReport;
  readonly timing: {
    readonly loadMs: number;
    readonly evaluateMs: number;
    readonly decodeMs: number;
    readonly masksPerSecond: number;
    readonly requests?: number;
    readonly retries?: number;
    readonly tokens?: number;
  };
  readonly software: { readonly name: 'webspex'; readonly version: string };
}
