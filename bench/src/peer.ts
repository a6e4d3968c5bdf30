import type { InferenceSession } from 'onnxruntime-common';
import type { Engine } from './contest.ts';

/** A classifier in onnxruntime. */
export interface Peer {
  /** Logits (count, labels) of one batch, padded to its longest sequence. */
  logits(sequences: readonly Uint32Array[]): Promise<Float32Array>;
  close(): Promise<void>;
}

/** Opens an ONNX model of inputs input_ids and attention_mask (B, T) and output logits (B, labels). */
export async function createPeer(
  { InferenceSession, Tensor }: Engine,
  model: Uint8Array,
  options: InferenceSession.SessionOptions,
): Promise<Peer> {
  const session = await InferenceSession.create(model, options);
  return {
    async logits(sequences) {
      const longest = Math.max(...sequences.map((s) => s.length));
      const ids = new BigInt64Array(sequences.length * longest);
      const mask = new BigInt64Array(ids.length);
      sequences.forEach((tokens, row) => {
        tokens.forEach((id, t) => {
          ids[row * longest + t] = BigInt(id);
        });
        mask.fill(1n, row * longest, row * longest + tokens.length);
      });
      const shape = [sequences.length, longest];
      const { logits } = await session.run({
        input_ids: new Tensor('int64', ids, shape),
        attention_mask: new Tensor('int64', mask, shape),
      });
      return logits.data as Float32Array;
    },
    close: () => session.release(),
  };
}
