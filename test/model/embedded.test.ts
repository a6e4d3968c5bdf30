import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/compute/backend.ts';
import { createReferenceBackend } from '../../src/compute/reference/backend.ts';
import { createWebgpuBackend } from '../../src/compute/webgpu/backend.ts';
import { createMasks, setPresent } from '../../src/core/masks.ts';
import { createRandom } from '../../src/core/random.ts';
import { EMBEDDED_MODEL } from '../../src/embedded.ts';
import { type MaskRule, maskSequences } from '../../src/lens/text/masking.ts';
import { splitPlayers } from '../../src/lens/text/players.ts';
import { loadClassifier } from '../../src/model/load.ts';
import type { Model } from '../../src/model/model.ts';
import { distinctSequences, sequenceCount } from '../../src/model/planner.ts';
import { dequantiseRows, readSafetensors, type Tensor } from '../../src/model/safetensors.ts';
import { openSource } from '../../src/model/source.ts';
import { sequencesOf } from '../lens/text/support.ts';
import { softwareGpu } from '../support/gpu.ts';
import { rejectedBy } from './support.ts';
import { sequences } from './tiny-encoder.ts';

/** The bound for a logit, of float32 against float64 and of float64 against PyTorch. */
const LOGIT = 1e-4;
const MASKS = 2000;
/** Pipelines compile slowly on a busy machine; only a hang should meet this. */
const LOADING_MS = 120_000;

let webgpu: Backend;
const models: { reference?: Model; webgpu?: Model } = {};
beforeAll(async () => {
  webgpu = await createWebgpuBackend({ gpu: softwareGpu() });
  models.reference = await loadClassifier(openSource(EMBEDDED_MODEL), { backend: createReferenceBackend() });
  models.webgpu = await loadClassifier(openSource(EMBEDDED_MODEL), { backend: webgpu });
}, LOADING_MS);
afterAll(() => {
  models.webgpu?.destroy();
  webgpu.destroy();
});

const farthest = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i] - b[i]));
  return most;
};

/** Texts as people write them, with words in several pieces, other scripts and more than one sentence. */
const TEXTS = [
  'her acting never fails to impress',
  'I wanted to like it, I really did.',
  'brilliantly unfunny, somehow',
  'Überraschend gut 😀 naïve café',
  'worst. film. ever!',
  'good good good bad good',
  'surprisingly tender and wise',
  'what a waste of talent',
];
/** One as long as reviews are. */
const LONG = `${'I never thought that I would say this of a sequel, but the second half is even better than the first, '.repeat(2)}mostly.`;
/** Words for phrases of one to three, as a pass costs what its tokens cost. */
const WORDS =
  'a the no not never hardly very too quite so truly but and good bad great awful dull tender wise cheap rude unforgettable predictable masterpiece mess plot cast joke score ending waste talent works fails drags shines loved hated moved bored wanted café 7 ! ? ... film sequel script acting waiter food phone movie'.split(
    ' ',
  );
const RULES: readonly MaskRule[] = [
  { kind: 'mask-token' },
  { kind: 'remove' },
  { kind: 'unk-token' },
  { kind: 'replace', text: 'something' },
];
/** How many masks of long texts and of whole sentences are among them; the rest are of phrases. */
const [OF_LONG, OF_SENTENCES] = [5, 205];

/** Random masks of random texts under random rules, until so many token sequences differ. */
function randomMasked(model: Model, count: number): number[][] {
  const random = createRandom(2026);
  const found = new Map<string, number[]>();
  const phrase = () => Array.from({ length: 1 + random.below(3) }, () => WORDS[random.below(WORDS.length)]).join(' ');
  while (found.size < count) {
    const text = found.size < OF_LONG ? LONG : found.size < OF_SENTENCES ? TEXTS[random.below(TEXTS.length)] : phrase();
    const split = splitPlayers(model.tokenizer, text, 'word');
    const masks = createMasks(split.players.length, 1);
    for (let i = 0; i < masks.n; i++) setPresent(masks, 0, i, random.uniform() < 0.5);
    const [ids] = sequencesOf(maskSequences(masks, split, RULES[random.below(RULES.length)], model.tokenizer, 512));
    found.set(String(ids), ids);
  }
  return [...found.values()];
}

describe('the embedded model', () => {
  it('in float64 gives the logits that PyTorch gives, of whole and of masked texts', async () => {
    const golden = JSON.parse(readFileSync(new URL('golden/minilm-sst2.json', import.meta.url), 'utf8')) as {
      rows: { text: string; masked: boolean; ids: number[]; logits: number[] }[];
    };
    const { reference } = models as Required<typeof models>;
    expect(golden.rows.length).toBeGreaterThan(30);
    const got = await reference.classify(sequences(golden.rows.map((r) => r.ids)));
    const error = farthest(
      got,
      golden.rows.flatMap((r) => r.logits),
    );
    console.log(`${golden.rows.length} golden rows: largest logit difference ${error.toExponential(2)}`);
    expect(error).toBeLessThanOrEqual(LOGIT);
    for (const { text, ids } of golden.rows.filter((r) => !r.masked))
      expect([101, ...reference.tokenizer.encode(text).ids, 102]).toEqual(ids);
  });

  it(`in WGSL is within 1e-4 of float64 in every logit of ${MASKS} random masks, no two token sequences alike`, {
    timeout: 600_000,
  }, async () => {
    const { reference, webgpu: device } = models as Required<typeof models>;
    const asked = sequences(randomMasked(reference, MASKS));
    expect(sequenceCount(distinctSequences(asked).sequences)).toBe(MASKS);
    const before = reference.counters.distinctSequences;
    const start = process.cpuUsage();
    const want = await reference.classify(asked);
    const middle = process.cpuUsage();
    const got = await device.classify(asked);
    const end = process.cpuUsage();
    const seconds = (from: NodeJS.CpuUsage, to: NodeJS.CpuUsage) => ((to.user + to.system - from.user - from.system) / 1e6).toFixed(0);
    const error = farthest(got, want);
    console.log(
      `${MASKS} masks, ${asked.ids.length} tokens: largest logit difference ${error.toExponential(2)}; CPU-seconds: ${seconds(start, middle)} in float64, ${seconds(middle, end)} on ${device.device.adapter}`,
    );
    expect(want.every(Number.isFinite)).toBe(true);
    expect(error).toBeLessThanOrEqual(LOGIT);
    // The masks say something: their logits are spread, not all the prior's.
    expect(Math.max(...want) - Math.min(...want)).toBeGreaterThan(4);
    expect(reference.counters.distinctSequences - before).toBe(MASKS);
    expect(device.counters).toMatchObject({ distinctSequences: MASKS, tokens: asked.ids.length, paddedTokens: 0 });
  });

  it('has as weights exactly float32(int8) times the scale of its row', () => {
    const tensors = readSafetensors(readFileSync(new URL('model.safetensors', EMBEDDED_MODEL)));
    let matrices = 0;
    for (const [name, tensor] of tensors) {
      if (tensor.dtype !== 'I8') continue;
      matrices++;
      const scale = tensors.get(`${name}.scale`) as Tensor;
      const got = dequantiseRows(name, tensor, scale);
      const [rows, columns] = tensor.shape;
      const scales = new DataView(scale.bytes.buffer, scale.bytes.byteOffset);
      // Every 97th element: 97 is prime to every width, so all columns and rows come up.
      for (let i = 0; i < rows * columns; i += 97) {
        const int8 = (tensor.bytes[i] << 24) >> 24;
        if (got[i] !== Math.fround(int8 * scales.getFloat32(4 * Math.floor(i / columns), true))) expect([name, i, got[i]]).toEqual([]);
      }
    }
    expect(matrices).toBe(3 + 6 * 6 + 2);
  });

  it('is not loaded where one byte of any of its files has changed', async () => {
    const source = openSource(EMBEDDED_MODEL);
    for (const [file, at] of [
      ['config.json', 100],
      ['tokenizer.json', 500_000],
      ['model.safetensors', 20_000_000],
      ['model.safetensors', 0],
    ] as const) {
      const flipped = {
        ...source,
        async read(...args: Parameters<typeof source.read>) {
          const bytes = (await source.read(...args)).slice();
          if (args[0] === file) bytes[at] ^= 1;
          return bytes;
        },
      };
      const error = await rejectedBy(loadClassifier(flipped, { backend: createReferenceBackend() }));
      expect([error.code, error.message]).toEqual(['hash-mismatch', expect.stringMatching(file)]);
    }
  });
});
