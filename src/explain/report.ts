import { membersOf } from '../spectrum/spectrum.ts';
import { structureOf } from '../spectrum/structure.ts';
import { VERSION } from '../version.ts';
import type { Explanation, FitReport } from './document.ts';
import type { Settings } from './options.ts';
import type { Solution } from './solve.ts';

/** Where the numbers of an explanation come from. */
export interface Origin {
  readonly text: string;
  readonly lens: Explanation['lens'];
  readonly locked?: Explanation['locked'];
  readonly target: string;
  readonly scalar: string;
  readonly mask: string;
  readonly units: string;
  readonly model: Explanation['model'];
  /** Of a served model, as far as the run has come. */
  readonly server?: () => { readonly server: NonNullable<Explanation['server']>; readonly spent: ServerSpent };
  readonly device: Explanation['device'];
  readonly loadMs: number;
}

/** What servers were asked by a run, those requests included that failed. */
export interface ServerSpent {
  readonly requests: number;
  readonly retries: number;
  readonly tokens: number;
}

/** What a run has used so far. */
export interface Spent {
  queries: number;
  /** Those of them that this run evaluated itself; the rest were in its log. */
  fresh: number;
  evaluateMs: number;
  decodeMs: number;
}

/** The document of one look: players, interactions, spectrum, and how far to trust them. */
export function writeExplanation(
  settings: Settings,
  origin: Origin,
  solution: Solution,
  values: Explanation['values'],
  spent: Spent,
  assured: Pick<FitReport, 'until' | 'audit' | 'priorTexts'> = {},
): Explanation {
  const { spectrum } = solution;
  const server = origin.server?.();
  const order = Array.from(spectrum.coefficients.keys()).sort(
    (a, b) => Math.abs(spectrum.coefficients[b]) - Math.abs(spectrum.coefficients[a]) || a - b,
  );
  return {
    format: 'webspex-explanation',
    version: 1,
    text: origin.text,
    lens: origin.lens,
    players: settings.players,
    ...(origin.locked && origin.locked.length > 0 ? { locked: origin.locked } : {}),
    target: origin.target,
    scalar: origin.scalar,
    values,
    index: settings.index,
    maxOrder: settings.maxOrder,
    interactions: solution.interactions,
    spectrum: order.map((k) => ({ members: membersOf(spectrum.keys, k, spectrum.n), coefficient: spectrum.coefficients[k] })),
    fit: {
      ...solution.faithfulness,
      ...assured,
      ...(solution.influences && { influences: solution.influences }),
      queries: spent.queries,
      budget: settings.budget,
      chosen: solution.chosen,
      candidates: solution.candidates,
    },
    structure: structureOf(spectrum),
    method: settings.method,
    mask: origin.mask,
    units: origin.units,
    seed: settings.seed,
    model: origin.model && { id: origin.model.id, revision: origin.model.revision, sha256: origin.model.sha256, dtype: origin.model.dtype },
    device: origin.device,
    ...(server && { server: server.server }),
    timing: {
      loadMs: origin.loadMs,
      evaluateMs: spent.evaluateMs,
      decodeMs: spent.decodeMs,
      // Masks that were evaluated elsewhere took no time here.
      masksPerSecond: spent.evaluateMs > 0 ? (1000 * spent.fresh) / spent.evaluateMs : 0,
      ...server?.spent,
    },
    software: { name: 'webspex', version: VERSION },
  };
}
