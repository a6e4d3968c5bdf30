import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Backend } from '../../../src/compute/backend.ts';
import { type CausalParts, createCausal } from '../../../src/model/causal/causal.ts';
import { type DecoderConfig, readDecoderConfig } from '../../../src/model/causal/config.ts';
import { decoderParts } from '../../../src/model/causal/parts.ts';
import { tensorTaker } from '../../../src/model/load.ts';
import type { CausalModel, ScoredSequences, Tokenizer } from '../../../src/model/model.ts';
import { readSafetensors } from '../../../src/model/safetensors.ts';
import { letters } from '../tiny-encoder.ts';

const GOLDEN = new URL('../golden/tiny-decoders/', import.meta.url);

interface GoldenRow {
  readonly ids: readonly number[];
  readonly logProbs: readonly number[];
  readonly best: readonly number[];
}

/** What PyTorch says of the tiny models, by folder. */
export const golden = (
  JSON.parse(readFileSync(new URL('golden.json', GOLDEN), 'utf8')) as {
    folders: Record<string, { architecture: string; rows: readonly GoldenRow[] }>;
  }
).folders;

export const FOLDERS = Object.keys(golden);

/** A tiny model's configuration, with keys of its config.json replaced. */
export function tinyConfig(folder: string, change: Readonly<Record<string, unknown>> = {}): DecoderConfig {
  const json = JSON.parse(readFileSync(new URL(`${folder}/config.json`, GOLDEN), 'utf8')) as object;
  return readDecoderConfig(new TextEncoder().encode(JSON.stringify({ ...json, ...change })));
}

/** Everything but the device of a tiny model. */
export function tinyParts(folder: string, tokenizer: Tokenizer = letters): CausalParts {
  const config = tinyConfig(folder);
  const stored = readSafetensors(readFileSync(new URL(`${folder}/model.safetensors`, GOLDEN)));
  const parts = decoderParts(config, () => tensorTaker(stored, config.architecture.name));
  const info = {
    id: folder,
    revision: '',
    sha256: '',
    dtype: 'f32' as const,
    architecture: config.architecture.name,
    labels: [],
    maxTokens: config.maxTokens,
  };
  return { ...parts, info, tokenizer };
}

/** A folder of the tiny Llama for texts that are longer than it was made for, with the tiny GPT-2's letters as tokens; the folder is there. */
export function longTinyLlama(folder: string): string {
  const json = JSON.parse(readFileSync(new URL('llama/config.json', GOLDEN), 'utf8')) as object;
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...json, max_position_embeddings: 1024 }));
  cpSync(new URL('llama/model.safetensors', GOLDEN), join(folder, 'model.safetensors'));
  cpSync(new URL('gpt2/tokenizer.json', GOLDEN), join(folder, 'tokenizer.json'));
  return folder;
}

/** A tiny model on a backend, its runs at most `mostTokens` rows. */
export function tinyCausal(backend: Backend, parts: CausalParts, mostTokens = 64): Promise<CausalModel> {
  return createCausal(parts, { ...backend, limits: { ...backend.limits, firstTokens: mostTokens, mostTokens } });
}

/** Sequences end to end, scored from a place on. */
export function scored(lists: readonly (readonly number[])[], from: number | readonly number[] = 1): ScoredSequences {
  const offsets = new Uint32Array(lists.length + 1);
  lists.forEach((list, s) => {
    offsets[s + 1] = offsets[s] + list.length;
  });
  return {
    ids: Uint32Array.from(lists.flat()),
    offsets,
    from: Uint32Array.from(lists, (_, s) => (typeof from === 'number' ? from : from[s])),
  };
}
