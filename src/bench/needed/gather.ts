import { type Masks, sliceMasks, type ValueFunction } from '../../core/masks.ts';
import { pairedMasks } from '../../core/sample.ts';
import { prepareCausal, prepareClassifier } from '../../explain/prepare.ts';
import type { CausalModel, Model } from '../../model/model.ts';
import { type Game, type GameHead, joined, type Sample, SEED, spexPlanOf } from './game.ts';

/** Masks to a call: enough to pack, few enough to say how far it is. */
const BATCH = 200;

/** A game of a text, asked of the model itself; `report` hears how many of how many masks are done. */
export async function gatherGame(head: GameHead, model: Model | CausalModel, report: (done: number, of: number) => void): Promise<Game> {
  const { text = '', target, lock, mask, spans } = head;
  const question = { target, mask, lock: lock ?? ('none' as const), units: spans };
  const { players, valueFunction } =
    'classify' in model ? await prepareClassifier(model, text, question) : await prepareCausal(model, text, question);
  const n = players.length;
  const known = head.fit + head.fresh;
  const masks = pairedMasks(n, known + (head.more ?? 0), SEED);
  const plan = head.spexBits > 0 ? spexPlanOf({ ...head, n }) : null;
  const total = masks.count + (plan?.masks.count ?? 0);
  const values = await valuesOf(valueFunction, masks, (done) => report(done, total));
  const spex = plan && {
    plan,
    masks: plan.masks,
    values: await valuesOf(valueFunction, plan.masks, (d) => report(masks.count + d, total)),
  };
  const part = (from: number, end: number): Sample => ({ masks: sliceMasks(masks, from, end), values: values.subarray(from, end) });
  const fit = part(0, head.fit);
  return {
    head: { ...head, n },
    fit: masks.count > known ? joined(fit, part(known, masks.count)) : fit,
    fresh: part(head.fit, known),
    spex,
  };
}

async function valuesOf(valueFunction: ValueFunction, masks: Masks, report: (done: number) => void): Promise<Float64Array> {
  const out = new Float64Array(masks.count);
  for (let from = 0; from < masks.count; from += BATCH) {
    const end = Math.min(masks.count, from + BATCH);
    out.set(await valueFunction(sliceMasks(masks, from, end)), from);
    report(end);
  }
  return out;
}
