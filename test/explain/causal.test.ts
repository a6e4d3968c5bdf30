import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allMasks } from '../../src/core/masks.ts';
import { type Explainer, explainer, type Task } from '../../src/explain/explainer.ts';
import { connectExplainer, type Endpoint, serveExplainer } from '../../src/explain/remote.ts';
import { readExplanation } from '../../src/view/read.ts';
import { rejectedBy } from '../model/support.ts';

const FOLDER = fileURLToPath(new URL('../model/golden/tiny-decoders/gpt2/', import.meta.url));
const TEXT = 'the cat is not bad? is it good';
/** Both in float32, the sum of a spectrum over 32 masks. */
const CLOSE = 4;

let ex: Explainer;
beforeAll(async () => {
  ex = await explainer('text-generation', FOLDER, { device: 'reference' });
});
afterAll(() => ex.destroy());

describe('an explanation of a causal model', () => {
  it('has the last sentence locked, the target as asked, and values that a spectrum of all maskings gives back', async () => {
    const e = await ex.explain(TEXT, { target: 'no vs not', mask: 'neutral' }).result;
    expect(e).toMatchObject({ target: 'no vs not', scalar: 'log-odds', mask: 'neutral', locked: [[20, 30]], fit: { r2: 1, heldOut: 0 } });
    expect(e.players.map((p) => p.label)).toEqual(['the', 'cat', 'is', 'not', 'bad']);
    const masks = Array.from({ length: 32 }, (_, r) => e.players.map(({ id }) => (r >> id) & 1));
    const values = await ex.evaluate(TEXT, { masks, target: e.target, mask: e.mask, lock: e.locked });
    for (let r = 0; r < allMasks(5).count; r++) {
      const rebuilt = e.spectrum.reduce(
        (sum, { members, coefficient }) => sum + coefficient * (-1) ** members.filter((m) => masks[r][m]).length,
        0,
      );
      expect(rebuilt).toBeCloseTo(values[r], CLOSE);
    }
    expect([e.values.full, e.values.empty]).toEqual([values[31], values[0]]);
    expect(readExplanation(JSON.parse(JSON.stringify(e)))).toEqual(JSON.parse(JSON.stringify(e)));
  });

  it('is of the model’s own answer where no target is named, which can be named again', async () => {
    const own = await ex.explain(TEXT).result;
    expect(own).toMatchObject({ scalar: 'log-prob', mask: 'remove' });
    const named = await ex.explain(TEXT, { target: own.target }).result;
    expect(named.values).toEqual(own.values);
    expect(named.interactions).toEqual(own.interactions);
  });

  it('of a text with every word maskable is asked for with lock none', async () => {
    const e = await ex.explain(TEXT, { target: 'no', lock: 'none' }).result;
    expect(e.locked).toBeUndefined();
    expect(e.players.length).toBe(8);
  });

  it('comes from a far side as from the near one', async () => {
    const { near, far } = channel();
    serveExplainer(far);
    const remote = await connectExplainer(near, { model: FOLDER, device: 'reference' });
    const asked = { target: 'no', seed: 3 } as const;
    const [here, there] = [await ex.explain(TEXT, asked).result, await remote.explain(TEXT, asked).result];
    expect({ ...there, timing: 0 }).toEqual({ ...here, timing: 0 });
    remote.destroy();
  });

  it('needs a scalar that goes with its target, a folder that is named, and a task that there is', async () => {
    const scalar = await rejectedBy(ex.explain(TEXT, { target: 'no', scalar: 'prob' }).result);
    expect([scalar.code, scalar.message]).toEqual(['usage', expect.stringMatching(/expected log-prob for one continuation, got prob/)]);
    expect((await rejectedBy(explainer('text-generation'))).message).toMatch(/expected the folder of a causal language model/);
    expect((await rejectedBy(explainer('translation' as Task, FOLDER))).message).toMatch(
      /task: expected text-classification.*, got translation/,
    );
    expect((await rejectedBy(explainer('text-classification', FOLDER, { device: 'reference' }))).code).toBe('unsupported-model');
  });
});

/** Two ends that pass structured clones to each other. */
function channel(): { near: Endpoint; far: Endpoint } {
  const { port1, port2 } = new MessageChannel();
  const end = (port: MessagePort): Endpoint => ({
    postMessage: (message) => port.postMessage(message),
    addEventListener: (type, listener) => {
      if (type !== 'message') return;
      port.onmessage = ({ data }) => listener({ data });
    },
    terminate: () => port.close(),
  });
  return { near: end(port1), far: end(port2) };
}
