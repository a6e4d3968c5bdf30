import type { Masks } from '../core/masks.ts';
import { gp, isQuick, predictGp } from '../gp/gp.ts';
import { logInfluencesOf } from '../gp/hyper.ts';
import { averageFits } from '../spectrum/average.ts';
import { crossFitted } from '../spectrum/cross-fitted.ts';
import { type Choice, crossValidate, type NamedDecoder, type Prediction, rSquared } from '../spectrum/cross-validate.ts';
import { faithfulness } from '../spectrum/faithfulness.ts';
import { spectrumOfTable } from '../spectrum/fwht.ts';
import { interactionRows, toInteractions } from '../spectrum/indices.ts';
import { type DecodeOptions, type Decoder, evaluateSpectrum, type Fit, type SearchEnd, type Spectrum } from '../spectrum/spectrum.ts';
import { standardErrors } from '../spectrum/uncertainty.ts';
import type { Candidate, FitReport, Interaction } from './document.ts';
import { type DecodingMethod, METHOD_TABLE, methodEntry } from './methods.ts';
import type { Settings } from './options.ts';
import { FOLDS, foldsOfAuto } from './rows.ts';

/** Masks with their values, in the same order; rows 2p and 2p + 1 are complementary. */
export interface Evaluations {
  readonly masks: Masks;
  readonly values: Float64Array;
}

export interface Solution {
  readonly spectrum: Spectrum;
  readonly interactions: readonly Interaction[];
  readonly faithfulness: Pick<FitReport, 'r2' | 'r2Low' | 'r2High' | 'heldOut' | 'folds'>;
  /** One-sided 95 % bound on R², as a stop rule needs it. */
  readonly bound: number;
  readonly chosen: string;
  readonly candidates: readonly Candidate[];
  /** As in the report. */
  readonly influences?: readonly number[];
}

/** What looks leave for those after them. */
export interface Memory {
  /** Where searches ended, by method. */
  readonly searches: Map<string, SearchEnd>;
  /** Fits and predictions of the folds of the last look, by method: a thorough look at the same rows makes none of them again. */
  rows: number;
  readonly fits: Map<string, Fit>;
  readonly folds: Map<string, Prediction[]>;
}

export function emptyMemory(): Memory {
  return { searches: new Map(), rows: 0, fits: new Map(), folds: new Map() };
}

interface Task {
  readonly fit: Evaluations;
  readonly heldOut: Evaluations;
  /** Where nothing is held out: 1 for the rows of the fit that grade in turn. */
  readonly inTurn?: Uint8Array;
  /** Rows 2p and 2p + 1 of what grades are complementary and count as one observation; default true. */
  readonly paired?: boolean;
  /** All 2ⁿ masks are among those of the fit. */
  readonly complete: boolean;
  /** The last look: every candidate of `auto` is tried; earlier looks leave the slow one out. */
  readonly thorough: boolean;
  /** Of earlier looks; renewed by this one. */
  readonly memory?: Memory;
  readonly breathe: () => Promise<void>;
  /** As in an assignment. */
  readonly sequential?: boolean;
  /** What is expected of the players, as decoders take it. */
  readonly influences?: ArrayLike<number>;
  /** The decoder that chose the masks, where one did. */
  readonly decode?: Decoder;
}

/** Fewer masks than this are not enough to hold some out in turn. */
const LEAST_IN_TURN = 8;

/** What `auto` tries at every look, and what beside that at the last. */
const QUICK: readonly DecodingMethod[] = ['linear', 'pursuit'];
const SLOW: readonly DecodingMethod[] = ['proxyspex'];

interface Found {
  readonly fit: Fit;
  readonly candidates: readonly Candidate[];
  /** Absent where nothing had to be cross-validated. */
  readonly choice?: Choice;
}

/** Recovers a spectrum from the fitting masks, and grades it on masks that the fits which predict them have not seen. */
export async function solve(settings: Settings, task: Task): Promise<Solution> {
  if (task.memory) turnTo(task.fit.masks.count, task.memory);
  const options = { seed: settings.seed, breathe: task.breathe, sequential: task.sequential, influences: task.influences };
  const single = task.decode ?? methodEntry(settings.method)?.decode;
  const found = single
    ? await decodeOne(settings.method, single, task, { ...options, order: settings.maxOrder, faithful: settings.faithful })
    : await choose(task, options);
  return grade(settings, found, task);
}

/** Forgets what was made of other rows. */
function turnTo(rows: number, memory: Memory): void {
  if (memory.rows === rows) return;
  memory.rows = rows;
  memory.fits.clear();
  memory.folds.clear();
}

/** One method; where masks grade in turn it is fitted without each fifth of them too. */
async function decodeOne(method: string, decode: Decoder, task: Task, options: DecodeOptions): Promise<Found> {
  const fit = await decodeOnce(method, decode, task, options);
  if (!gradesInTurn(task)) return { fit, candidates: [] };
  return { fit, candidates: [], choice: await crossValidated([named(method, decode, fit)], task, options) };
}

function gradesInTurn({ fit, inTurn, complete }: Task): boolean {
  return inTurn !== undefined && !complete && fit.masks.count >= LEAST_IN_TURN;
}

function crossValidated(
  decoders: readonly NamedDecoder[],
  { fit, inTurn, memory }: Task,
  options: DecodeOptions,
  folds = FOLDS,
): Promise<Choice> {
  return crossValidate(decoders, fit.masks, fit.values, { folds, favoured: 'gp', graded: inTurn, known: memory?.folds, ...options });
}

/** The folds of the Gaussian process go on from where the fit of all rows ended, which spares them most of the search. */
function named(method: string, decode: Decoder, { end }: Fit): NamedDecoder {
  if (method !== 'gp') return { method, decode };
  return { method, decode, predict: (masks, values, unseen, options) => predictGp(masks, values, unseen, { ...options, start: end }) };
}

/** What `auto` makes of masks with their values, every candidate tried: for those who bring their own masks and grade it themselves. */
export async function autoDecode(masks: Masks, values: ArrayLike<number>, options: DecodeOptions): Promise<Fit> {
  const fit = { masks, values: Float64Array.from(values) };
  const task = { fit, heldOut: fit, complete: false, thorough: true, breathe: options.breathe ?? (async () => {}) };
  return (await choose(task, options)).fit;
}

/** One method on all fitting masks, from where it ended at an earlier look. */
async function decodeOnce(method: string, decode: Decoder, { fit, memory }: Task, options: DecodeOptions): Promise<Fit> {
  const known = memory?.fits.get(method);
  if (known) return known;
  const found = await decode(fit.masks, fit.values, { ...options, start: memory?.searches.get(method) });
  if (found.end) memory?.searches.set(method, found.end);
  memory?.fits.set(method, found);
  return found;
}

/** `auto`: a mean of the candidates, all of it the Gaussian process as far as cross-validation on the fitting masks does not say otherwise. */
async function choose(task: Task, options: DecodeOptions): Promise<Found> {
  const { masks, values } = task.fit;
  const names = task.thorough ? [...QUICK, ...SLOW] : QUICK;
  const decoders: NamedDecoder[] = names.map((method) => ({ method, decode: METHOD_TABLE[method].decode }));
  const process = isQuick(masks) ? await decodeOnce('gp', gp, task, options) : null;
  if (process) decoders.push(named('gp', gp, process));
  const choice = await crossValidated(decoders, task, options, foldsOfAuto(masks.n, masks.count));
  const fits: Fit[] = [];
  for (const { method } of choice.chosen)
    fits.push(method === 'gp' && process ? process : await METHOD_TABLE[method as DecodingMethod].decode(masks, values, options));
  const fit =
    fits.length === 1
      ? fits[0]
      : averageFits(
          fits,
          choice.chosen.map(({ weight }) => weight),
        );
  return { fit, candidates: choice.scored, choice };
}

function bySize(interactions: Interaction[]): Interaction[] {
  return interactions.sort((a, b) => Math.abs(b.value) - Math.abs(a.value) || a.members.length - b.members.length);
}

function meanSquare(spectrum: Spectrum, { masks, values }: Evaluations): number {
  const predicted = evaluateSpectrum(spectrum, masks);
  let sum = 0;
  for (let r = 0; r < values.length; r++) sum += (predicted[r] - values[r]) ** 2;
  return values.length > 0 ? sum / values.length : 0;
}

type Grade = Pick<Solution, 'faithfulness' | 'bound'> & { readonly noise: number; readonly fit: Fit };

/** Held-out error is the noise of the standard errors too: what the support lacks counts as noise, and a few rows are not trusted alone. */
function gradeUnseen(fit: Fit, { fit: train, heldOut, paired = true }: Task): Grade {
  const { spectrum } = fit;
  const { r2, low, high } = faithfulness(evaluateSpectrum(spectrum, heldOut.masks), heldOut.values, { pairs: paired });
  const unseen = meanSquare(spectrum, heldOut);
  const noise = heldOut.values.length >= 32 ? unseen : Math.max(unseen, meanSquare(spectrum, train));
  return { faithfulness: { r2, r2Low: low, r2High: high, heldOut: heldOut.values.length }, bound: low, noise, fit };
}

/** The same from rows held out in turn; what the fits of the folds expect of themselves goes into the posterior. */
function gradeInTurn({ fit: { values }, inTurn }: Task, fit: Fit, { predicted, expected, folds }: Choice): Grade {
  const rows = Array.from(values.keys()).filter((r) => inTurn?.[r] === 1);
  const truth = Float64Array.from(rows, (r) => values[r]);
  const guesses = Float64Array.from(rows, (r) => predicted[r]);
  const left = leftBy(fit);
  const { r2, low, high, bound } = crossFitted(guesses, truth, { folds, left });
  const noise = left + guesses.reduce((sum, p, i) => sum + (p - truth[i]) ** 2, 0) / Math.max(1, rows.length);
  return {
    faithfulness: { r2, r2Low: low, r2High: high, heldOut: rows.length, folds },
    bound,
    noise,
    fit: expecting(fit, expected),
  };
}

/** Mean square of what a fit expects of the function and its spectrum leaves out: predictions of the folds are made without a spectrum. */
function leftBy({ posterior, parts }: Fit): number {
  if (parts) return parts.reduce((sum, { fit, weight }) => sum + weight ** 2 * leftBy(fit), 0);
  return posterior?.left ?? 0;
}

/** The fit, its expected error at unseen masks replaced by what the folds expected of theirs, which is what their errors are compared with. */
function expecting(fit: Fit, expected: ReadonlyMap<string, number>): Fit {
  if (fit.parts) return { ...fit, parts: fit.parts.map((part) => ({ ...part, fit: expecting(part.fit, expected) })) };
  const error = expected.get(fit.method);
  return fit.posterior && error ? { ...fit, posterior: { ...fit.posterior, error } } : fit;
}

/** Over all 2ⁿ masks R² is a fact about a function and what stands in for it, and no estimate. */
function gradeAll(fit: Fit, { masks, values }: Evaluations): Grade {
  const r2 = rSquared(evaluateSpectrum(fit.spectrum, masks), values);
  return { faithfulness: { r2, r2Low: r2, r2High: r2, heldOut: 0 }, bound: r2, noise: 0, fit };
}

async function grade(settings: Settings, { fit: found, candidates, choice }: Found, task: Task): Promise<Solution> {
  const graded = task.complete
    ? gradeAll(found, task.fit)
    : choice && gradesInTurn(task)
      ? gradeInTurn(task, found, choice)
      : gradeUnseen(found, task);
  const { faithfulness, bound, noise, fit } = graded;
  const { spectrum } = fit;
  const rows = interactionRows(spectrum, settings);
  const se = await standardErrors(fit, rows, noise, task.breathe);
  return {
    spectrum,
    interactions: bySize(rows.map(({ members, value }, i) => ({ members, value, se: se[i] }))),
    faithfulness,
    bound,
    chosen: fit.method,
    candidates,
    ...influencesFound(fit, task),
  };
}

/** What the Gaussian process found, whether or not it was chosen. */
function influencesFound(fit: Fit, { memory }: Task): Pick<Solution, 'influences'> {
  const end = (fit.method === 'gp' ? fit : memory?.fits.get('gp'))?.end;
  return end ? { influences: Array.from(logInfluencesOf(end.at, fit.spectrum.n), (v) => Math.round(1e4 * v) / 1e4) } : {};
}

/** All 2ⁿ masks are known: the transform is exact, and nothing is held out because nothing is guessed. */
export function transform(settings: Settings, masks: Masks, values: Float32Array): Solution {
  const table = new Float64Array(masks.count);
  for (let r = 0; r < masks.count; r++) table[masks.words[r]] = values[r];
  const spectrum = spectrumOfTable(table, masks.n);
  return {
    spectrum,
    interactions: bySize(toInteractions(spectrum, settings).map(({ members, value }) => ({ members, value, se: 0 }))),
    faithfulness: { r2: 1, r2Low: 1, r2High: 1, heldOut: 0 },
    bound: 1,
    chosen: 'exact',
    candidates: [],
  };
}
