import { describe, expect, it } from 'vitest';
import { ATTENTION_SHAPES, attentionCase } from '../decoder-cases.ts';
import { runKernel } from '../support.ts';
import { BUILDS, beyond, bothBuilds } from './support.ts';

/** Scores of up to 64 products and sums of up to 150 weighted values, in float32. */
const FLOAT32 = { absolute: 1e-5, relative: 1e-5 };
const builds = bothBuilds();

describe('causal-attention in WASM', () => {
  it.each(ATTENTION_SHAPES)('over $what is its twin’s, in both builds', async (shape) => {
    expect(await beyond(builds, attentionCase(shape).given, FLOAT32)).toEqual([]);
  });

  it.each(BUILDS)('gives a row the same bits whatever path it is reached on and whatever is beside it (%s)', async (build) => {
    const backend = builds.get(build);
    if (!backend) return expect.unreachable();
    const tree = ATTENTION_SHAPES[2];
    const { given } = attentionCase(tree);
    const together = await runKernel(backend, given);
    const row = given.outputColumns;
    for (let r = 0; r < given.rows; r++) {
      const [path, seen] = tree.queries[r];
      const alone = attentionCase({ ...tree, paths: [tree.paths[path].slice(0, seen)], queries: [[0, seen]] }).given;
      const one = {
        ...alone,
        reads: {
          ...alone.reads,
          keyValue: given.reads.keyValue,
          query: { ...alone.reads.query, values: given.reads.query.values.slice(r * 32, (r + 1) * 32) },
        },
      };
      expect([...(await runKernel(backend, one)).subarray(0, row)]).toEqual([...together.subarray(r * row, (r + 1) * row)]);
    }
  });
});
