import { WebspexError } from '../core/errors.ts';
import { parseScalar, resolveTarget, type Scalar, scalarOf } from './text/value-function.ts';

/** `value`: the number as it stands. */
export type ScoreScalar = Scalar | 'value';

/** What the numbers of an output are: anything up to an additive constant, or probabilities. */
export const SCORE_KINDS = ['logits', 'probabilities'] as const;
export type ScoreKind = (typeof SCORE_KINDS)[number];

/** Rows of numbers, `width` of them each. */
export interface ScoreRows {
  readonly values: Float32Array;
  readonly width: number;
}

export interface ScoreQuestion {
  /** By name or by number, from 0; default the largest number of the whole input. */
  readonly target?: string;
  readonly scalar?: string;
  /** Default: probabilities where the whole input's numbers look like it. */
  readonly scores?: ScoreKind;
}

/** What of an output is explained. */
export interface Reading {
  readonly target: string;
  readonly scalar: ScoreScalar;
  /** @throws non-finite naming the row. */
  read(rows: ScoreRows, row: number): number;
}

/** Next to 0 and 1 a float32 probability holds no more than this of its log-odds. */
const LEAST_PROBABILITY = 2 ** -24;
/** Rounding of a softmax in float32. */
const SUM = 1e-3;

/** Numbers from 0 to 1 that sum to 1, or under a name that says so. */
function kindOf({ values, width }: ScoreRows, output: string): ScoreKind {
  const row = values.subarray(0, width);
  if (!row.every((v) => v >= 0 && v <= 1)) return 'logits';
  const sum = row.reduce((a, b) => a + b, 0);
  return (width > 1 && Math.abs(sum - 1) <= SUM) || /prob|softmax|sigmoid/i.test(output) ? 'probabilities' : 'logits';
}

/** Names of an output's numbers: those given, else the output's own name for one number, else their places. @throws usage. */
function namesOf(labels: readonly string[] | undefined, width: number, output: string): readonly string[] {
  if (!labels) return width === 1 ? [output] : Array.from({ length: width }, (_, i) => String(i));
  if (labels.length !== width)
    throw new WebspexError('usage', `labels: expected ${width} for output ${output}, got ${labels.length}; name each number of the output`);
  return labels;
}

/**
 * Chooses what is explained from the numbers of the whole input: log-odds of the largest, or the number itself where an output has only one.
 * @throws usage for a target or scalar there is not, non-finite.
 */
export function readingOf(whole: ScoreRows, output: string, labels: readonly string[] | undefined, question: ScoreQuestion): Reading {
  const { width } = whole;
  const names = namesOf(labels, width, output);
  const target = resolveTarget(names, question.target, whole.values);
  const asked = question.scalar ?? (width === 1 ? 'value' : 'log-odds');
  const scalar = asked === 'value' ? asked : parseScalar(asked);
  const kind = question.scores ?? kindOf(whole, output);
  if (kind === 'probabilities' && scalar === 'logit')
    throw new WebspexError('usage', `scalar logit: expected an output of logits, got probabilities; say log-odds, log-prob, prob or value`);
  const read =
    scalar === 'value' || scalar === 'logit'
      ? plain(target)
      : kind === 'logits'
        ? ofLogits(target, scalar)
        : ofProbabilities(target, scalar);
  return {
    target: names[target],
    scalar,
    read(rows, row) {
      const value = read(rows, row);
      if (Number.isFinite(value)) return value;
      const got = rows.values[row * rows.width + target];
      throw new WebspexError(
        'non-finite',
        `model: expected a finite ${scalar}, got ${value} from ${got} for mask ${row} of the batch; nothing was imputed`,
      );
    },
  };
}

type Read = (rows: ScoreRows, row: number) => number;

function plain(target: number): Read {
  return ({ values, width }, row) => values[row * width + target];
}

function ofLogits(target: number, scalar: Scalar): Read {
  return ({ values, width }, row) => {
    if (width > 1) return scalarOf(values, row, width, target, scalar);
    // One logit stands against 0.
    const z = values[row];
    if (scalar === 'log-odds') return z;
    const log = z < 0 ? z - Math.log1p(Math.exp(z)) : -Math.log1p(Math.exp(-z));
    return scalar === 'log-prob' ? log : Math.exp(log);
  };
}

function ofProbabilities(target: number, scalar: Scalar): Read {
  return ({ values, width }, row) => {
    const p = values[row * width + target];
    if (scalar === 'prob' || !Number.isFinite(p)) return p;
    const present = Math.max(p, LEAST_PROBABILITY);
    return scalar === 'log-prob' ? Math.log(present) : Math.log(present / Math.max(1 - p, LEAST_PROBABILITY));
  };
}
