import type { InferenceSession, Tensor } from 'onnxruntime-common';
import type { Engine } from './contest.ts';

/** A text and the place of the first of its tokens that is scored; the last one is never read, only scored. */
export interface Scored {
  readonly ids: Uint32Array;
  readonly from: number;
}

/** Keys and values of what all texts begin with. */
export interface Past {
  readonly tokens: number;
  readonly feeds: Readonly<Record<string, Tensor>>;
}

/** A causal language model in onnxruntime. */
export interface CausalPeer {
  /** Reads what texts begin with. */
  begin(ids: Uint32Array): Promise<Past>;
  /**
   * Log-probabilities of the scored tokens of one batch, padded to its longest, one text after the other. Each begins with `past`, if any.
   * `everywhere`: logits of all positions are computed, as usual exports do, and not of those that are read alone.
   */
  logProbs(batch: readonly Scored[], options?: { past?: Past; everywhere?: boolean }): Promise<Float32Array>;
  close(): Promise<void>;
}

/** Opens a model of `llamaOnnx`. */
export async function createCausalPeer(
  { InferenceSession, Tensor }: Engine,
  model: Uint8Array,
  { layers, keyHeads, headSize }: { readonly layers: number; readonly keyHeads: number; readonly headSize: number },
  options: InferenceSession.SessionOptions,
): Promise<CausalPeer> {
  const session = await InferenceSession.create(model, options);
  const parts = Array.from({ length: layers }, (_, layer) => [`${layer}.key`, `${layer}.value`]).flat();
  const int64 = (values: BigInt64Array, shape: readonly number[]) => new Tensor('int64', values, shape);
  const nothing: Past = {
    tokens: 0,
    feeds: Object.fromEntries(
      parts.map((part) => [`past.${part}`, new Tensor('float32', new Float32Array(0), [1, keyHeads, 0, headSize])]),
    ),
  };
  const feedsOf = (texts: readonly Uint32Array[], past: Past, rows: readonly number[]) => {
    const longest = Math.max(...texts.map((t) => t.length));
    const ids = new BigInt64Array(texts.length * longest);
    const positions = BigInt64Array.from(ids, (_, i) => BigInt(past.tokens + (i % longest)));
    const width = past.tokens + longest;
    const mask = new BigInt64Array(texts.length * width);
    texts.forEach((text, row) => {
      for (let t = 0; t < text.length; t++) ids[row * longest + t] = BigInt(text[t]);
      mask.fill(1n, row * width, row * width + past.tokens + text.length);
    });
    return {
      input_ids: int64(ids, [texts.length, longest]),
      position_ids: int64(positions, [texts.length, longest]),
      attention_mask: int64(mask, [texts.length, width]),
      rows: int64(BigInt64Array.from(rows, BigInt), [rows.length]),
      ...past.feeds,
    };
  };
  return {
    async begin(ids) {
      const found = await session.run(
        feedsOf([ids], nothing, [0]),
        parts.map((part) => `present.${part}`),
      );
      return { tokens: ids.length, feeds: Object.fromEntries(parts.map((part) => [`past.${part}`, found[`present.${part}`]])) };
    },
    async logProbs(batch, { past = nothing, everywhere = false } = {}) {
      const texts = batch.map(({ ids }) => ids.subarray(past.tokens, ids.length - 1));
      const longest = Math.max(...texts.map((t) => t.length));
      // Of each scored token, where the logits are that say how likely it was.
      const scored = batch.flatMap(({ ids, from }, row) =>
        Array.from({ length: ids.length - from }, (_, i) => ({ id: ids[from + i], row: row * longest + from + i - 1 - past.tokens })),
      );
      const rows = everywhere ? Array.from({ length: batch.length * longest }, (_, row) => row) : scored.map(({ row }) => row);
      const { logits } = await session.run(feedsOf(texts, past, rows), ['logits']);
      const [values, vocabulary] = [logits.data as Float32Array, logits.dims[1]];
      return Float32Array.from(scored, ({ id, row }, i) => {
        const at = (everywhere ? row : i) * vocabulary;
        return values[at + id] - logSumExp(values.subarray(at, at + vocabulary));
      });
    },
    close: () => session.release(),
  };
}

/** The logarithm of Σ e^value. */
function logSumExp(values: Float32Array): number {
  let most = Number.NEGATIVE_INFINITY;
  for (const value of values) most = Math.max(most, value);
  let sum = 0;
  for (const value of values) sum += Math.exp(value - most);
  return most + Math.log(sum);
}
