import { completing } from './complete.ts';
import type { Setup } from './contest.ts';
import { gemm } from './gemm.ts';
import { dense, removal } from './removal.ts';
import { transforming } from './transform.ts';

/** The contests of one size by name. */
const SETUPS: Readonly<Record<string, Setup>> = {
  'gemm 384×384×384': gemm({ rows: 384, depth: 384, columns: 384 }),
  'gemm 1056×1536×384': gemm({ rows: 1056, depth: 1536, columns: 384 }),
  'gemm 1056×384×1536': gemm({ rows: 1056, depth: 384, columns: 1536 }),
  'removal 1000': removal(1000, 96),
  'removal 32': removal(32, 4),
  dense,
  'transforms 4096': transforming(4096),
};

/** A contest by name, the same in Node and in a page; `prompts N` is of N masks. */
export function setupOf(name: string): Setup {
  const masks = /^prompts (\d+)$/.exec(name);
  return masks ? completing(Number(masks[1])) : SETUPS[name];
}
