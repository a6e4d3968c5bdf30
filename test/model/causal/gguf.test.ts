import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createReferenceBackend } from '../../../src/compute/reference/backend.ts';
import { loadCausal } from '../../../src/model/causal/load.ts';
import { openSource } from '../../../src/model/source.ts';
import { loadTokenizer } from '../../../src/model/tokenizer.ts';
import { excess } from '../../compute/support.ts';
import { FOLDERS, golden, scored } from './support.ts';

/** As for the folders: float64, but weights with 1/√(head size), angles and what is read back rounded to float32; biases here, too. */
const FLOAT64 = { absolute: 5e-6, relative: 1e-6 };
const FOLDER = new URL('../golden/tiny-gguf/', import.meta.url);

describe('a GGUF file as llama.cpp’s converter writes it', () => {
  it.each(FOLDERS)(
    'of %s gives PyTorch’s log-probabilities: names, order of rows, turned matrices and slowed rotations are undone',
    async (name) => {
      const { architecture, rows } = golden[name];
      const model = await loadCausal(openSource(FOLDER), { backend: createReferenceBackend() }, `${name}.gguf`);
      expect(model.info).toMatchObject({ id: `${name}.gguf`, architecture: name === 'mistral' ? 'LlamaForCausalLM' : architecture });
      const got = await model.score(scored(rows.map(({ ids }) => ids)));
      const want = rows.flatMap(({ logProbs }) => logProbs);
      expect(excess(got.logProbs, want, FLOAT64.absolute, FLOAT64.relative)).toBeLessThanOrEqual(1);
      expect([...got.best]).toEqual(rows.flatMap(({ best }) => best));
      model.destroy();
    },
  );

  it('has the tokenizer that tokenizer.json has', async () => {
    const model = await loadCausal(openSource(FOLDER), { backend: createReferenceBackend() }, 'gpt2.gguf');
    const want = loadTokenizer(readFileSync(new URL('../golden/tiny-decoders/gpt2/tokenizer.json', import.meta.url)));
    for (const text of ['the bad, not good?', ' _a\nb', 'the<|endoftext|>the'])
      expect(model.tokenizer.encode(text)).toEqual(want.encode(text));
    model.destroy();
  });
});
