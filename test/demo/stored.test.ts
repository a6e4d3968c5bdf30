import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Look, lookOf, readExplanation } from '../../src/element.ts';

const root = resolve(import.meta.dirname, '../..');
const read = (file: string) => JSON.parse(readFileSync(resolve(root, file), 'utf8'));
const stored = read('demo/stored/acting.json') as { explanation: unknown; looks: Look[] };

describe('the stored explanation', () => {
  it('is a valid document of a run that can be trusted', () => {
    const { fit } = readExplanation(stored.explanation);
    expect(fit.r2).toBeGreaterThan(0.7);
    expect(fit.queries).toBeLessThanOrEqual(fit.budget);
  });

  it('was made with the weights that ship, so that the page may verify it', () => {
    const manifest = read('models/minilm-sst2/manifest.json') as { files: Record<string, { sha256: string }> };
    expect(readExplanation(stored.explanation).model?.sha256).toBe(manifest.files['model.safetensors'].sha256);
  });

  it('comes with the looks that led to it, first to last', () => {
    const e = readExplanation(stored.explanation);
    const queries = stored.looks.map((l) => l.queries);
    expect(queries).toEqual([...queries].sort((a, b) => a - b));
    expect(queries[0]).toBe(64);
    expect(stored.looks.at(-1)).toEqual(lookOf(e));
  });
});
