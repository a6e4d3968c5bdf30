import { controlPair, corners, type Explanation, jointEffect, predictRows } from '../index.ts';
import type { Explainer } from '../text.ts';

/** One masking of the text, asked of the model itself and of the explanation. */
interface Corner {
  /** Members of the interaction that are kept; all other words are. */
  readonly kept: readonly number[];
  readonly measured: number;
  readonly predicted: number;
}

/** The 2ᵏ corners of some players, and what they do together at the whole text by inclusion–exclusion. */
interface Checked {
  readonly members: readonly number[];
  readonly corners: readonly Corner[];
  readonly joint: { readonly measured: number; readonly predicted: number };
}

/** What `verify` finds, and prints as JSON. The index is a mean over maskings and no prediction of the joint effect. */
export interface Verification extends Checked {
  readonly format: 'webspex-verification';
  readonly version: 1;
  /** A pair that the explanation holds to do nothing together. */
  readonly control: Checked | null;
  readonly index: { readonly name: string; readonly value: number; readonly se: number } | null;
  readonly explanation: Explanation;
}

function check(e: Explanation, members: readonly number[], measured: ArrayLike<number>): Checked {
  const rows = corners(e.players.length, members);
  const predicted = predictRows(e, rows);
  return {
    members,
    corners: rows.map((row, i) => ({ kept: members.filter((m) => row[m] === 1), measured: measured[i], predicted: predicted[i] })),
    joint: { measured: jointEffect(measured), predicted: jointEffect(predicted) },
  };
}

/** Asks the model for the corners of `members` and of a control pair, as the explanation asked it. @throws what evaluating throws. */
export async function verifyMembers(
  explainer: Explainer,
  e: Explanation,
  asked: Parameters<Explainer['explain']>[1],
  members: readonly number[],
): Promise<Verification> {
  const n = e.players.length;
  const control = controlPair(e, members);
  const masks = [...corners(n, members), ...(control ? corners(n, control) : [])];
  const { scalar, units, mask, signal } = asked ?? {};
  const values = await explainer.evaluate(e.text, { masks, target: e.target, scalar, units, mask, signal });
  const found = e.interactions.find((i) => i.members.join() === members.join());
  return {
    format: 'webspex-verification',
    version: 1,
    ...check(e, members, values.subarray(0, 2 ** members.length)),
    control: control && check(e, control, values.subarray(2 ** members.length)),
    index: found ? { name: e.index, value: found.value, se: found.se } : null,
    explanation: e,
  };
}
