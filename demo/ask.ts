import { type Explanation, MOST_VERIFIED, verifyMembers } from '../src/index.ts';
import { parseUnits, type RemoteExplainer, type TextOptions } from '../src/text.ts';
import { parts } from './parts.ts';
import { players } from './players.ts';
import { strings } from './strings.ts';
import { drawVerification } from './verify.ts';

/** Whether an engine holds the very weights that an explanation was made with, and its head: only then do its passes say anything about it. */
export function sameWeights(engine: RemoteExplainer | null, e: Explanation | null): engine is RemoteExplainer {
  if (engine === null || e?.model?.sha256 !== engine.model.sha256) return false;
  const headless = e.lens === 'data' || e.scalar === 'cosine';
  return engine.task === 'text-generation' || headless === (engine.task === 'feature-extraction');
}

/** True passes on the text of an explanation, masked as it was masked. */
function passes(engine: RemoteExplainer, e: Explanation, masks: readonly (readonly number[])[]): Promise<Float32Array> {
  const { target, mask } = e;
  const asked = { masks, target, scalar: e.scalar as TextOptions['scalar'] };
  if (e.lens === 'text') return engine.evaluate(e.text, { ...asked, mask, lock: e.locked ?? 'none', units: parseUnits(e.units) });
  return engine.evaluate(e.text, { ...asked, ...players.shown });
}

/** Answers of the model that were asked for already: a running explanation asks again at each snapshot. */
const answers = new Map<string, number>();
let asked = 0;

/** Shows the model's own answer with some words off, once it has come and if they are still the ones that are off. */
export async function askWithout(engine: RemoteExplainer | null): Promise<void> {
  const { view } = parts;
  const { result: e, off } = view;
  const mine = ++asked;
  if (!e || off.length === 0 || !sameWeights(engine, e)) return;
  const labels = e.players.map((p) => p.label);
  const key = JSON.stringify([e.model?.sha256, e.text, e.lens, labels, e.units, e.mask, players.shown.reference, e.target, e.scalar, off]);
  if (!answers.has(key)) {
    view.measured = 'asking';
    try {
      const row = e.players.map((p) => (off.includes(p.id) ? 0 : 1));
      answers.set(key, (await passes(engine, e, [row]))[0]);
    } catch (error) {
      if (mine === asked) view.measured = null;
      throw error;
    }
  }
  if (mine === asked) view.measured = answers.get(key) ?? null;
}

/** Why Verify can do nothing now, or null where it can. */
export function verifyObstacle(engine: RemoteExplainer | null, e: Explanation | null, members: readonly number[] | null): string | null {
  if (!e || !members) return '';
  if (!engine) return strings.verifyFirst;
  if (!sameWeights(engine, e)) return strings.otherWeights;
  return members.length > MOST_VERIFIED ? strings.tooMany(MOST_VERIFIED) : null;
}

/** Runs the 2ᵏ corners of an interaction, and of a control pair, on the real model and draws them beside the prediction. */
export async function verify(engine: RemoteExplainer, e: Explanation, members: readonly number[]): Promise<void> {
  const ask = (masks: readonly (readonly number[])[]) => {
    parts.verified.textContent = strings.asking(masks.length);
    return passes(engine, e, masks);
  };
  try {
    const found = await verifyMembers(ask, e, members);
    if (parts.view.result !== e) return parts.verified.replaceChildren();
    parts.verified.replaceChildren(drawVerification(found));
  } catch (error) {
    parts.verified.replaceChildren();
    throw error;
  }
}
