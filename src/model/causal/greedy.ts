import type { CausalModel, TokenSequences } from '../model.ts';

export interface GreedyOptions {
  /** Most tokens to add. */
  readonly most: number;
  /** Whether the tokens added so far are enough; asked after each. Tokens that end an answer are never added. */
  readonly isDone?: (added: readonly number[]) => boolean;
  readonly signal?: AbortSignal;
}

/** The text so far is kept on the device after so many tokens more: a run for one token alone costs as much as for a few. */
const KEPT_EVERY = 16;

/** The tokens that a model adds to a prompt where it takes the likeliest one each time. @throws as `score`. */
export async function greedyTokens(model: CausalModel, prompt: ArrayLike<number>, options: GreedyOptions): Promise<number[]> {
  const { most, isDone, signal } = options;
  const added: number[] = [];
  let keep: TokenSequences | undefined;
  while (added.length < most && prompt.length + added.length < model.info.maxTokens) {
    // A token is asked for as if it were scored; which one stands in its place makes no difference.
    const ids = Uint32Array.from([...Array.from(prompt), ...added, 0]);
    if (added.length % KEPT_EVERY === 0) keep = { ids: ids.slice(0, -1), offsets: Uint32Array.of(0, ids.length - 1) };
    const asked = { ids, offsets: Uint32Array.of(0, ids.length), from: Uint32Array.of(ids.length - 1) };
    const { best } = await model.score(asked, { signal, keep });
    if (model.ends.includes(best[0])) break;
    added.push(best[0]);
    if (isDone?.(added)) break;
  }
  return added;
}
