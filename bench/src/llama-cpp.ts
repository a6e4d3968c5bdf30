import type { Wllama } from '@wllama/wllama';
import type { Prompts } from './prompts.ts';

/** Tokens that llama.cpp has room for. */
const CONTEXT = 512;
/** Added to the logit of the token that is scored, so that it is the one sampled; log-probabilities are of the logits before. */
const CERTAIN = 1000;

/** llama.cpp in WebAssembly, through wllama's server of completions. */
export interface LlamaCpp {
  /** Log-probabilities of `answer` after each prompt, given as ids and as the text that has them. */
  logProbs(prompts: readonly { readonly ids: Uint32Array; readonly text: string }[], answer: Prompts['answer']): Promise<Float32Array>;
  close(): Promise<void>;
}

/** What of an answer is read; the package types another shape than it gives. */
interface Answered {
  readonly choices: readonly { readonly logprobs: { readonly content: readonly { readonly id: number; readonly logprob: number }[] } }[];
  readonly usage: { readonly prompt_tokens: number };
}

/** Opens a GGUF file in the wllama whose files lie at an address; only in a page. One thread, no GPU, one slot that keeps its last prompt. */
export async function openLlamaCpp(address: string, gguf: Blob): Promise<LlamaCpp> {
  const { Wllama: Opened }: { Wllama: typeof Wllama } = await import(/* @vite-ignore */ `${address}index.js`);
  const llama = new Opened({ default: `${address}wasm/wllama.wasm` }, { suppressNativeLog: true });
  await llama.loadModel([gguf], { n_threads: 1, n_gpu_layers: 0, n_ctx: CONTEXT, n_parallel: 1, cache_idle_slots: false });
  const logProb = async (ids: Uint32Array, text: string, answer: number): Promise<number> => {
    const options = { prompt: text, max_tokens: 1, temperature: 0, n_probs: 1, cache_prompt: true, logit_bias: [[answer, CERTAIN]] };
    const { choices, usage } = (await llama.createCompletion(options as never)) as unknown as Answered;
    if (usage.prompt_tokens !== ids.length)
      throw new Error(`wllama: expected ${ids.length} tokens of ${JSON.stringify(text)}, got ${usage.prompt_tokens}`);
    const [{ id, logprob }] = choices[0].logprobs.content;
    if (id !== answer) throw new Error(`wllama: expected token ${answer} to be scored, got ${id}`);
    return logprob;
  };
  return {
    async logProbs(prompts, answer) {
      const out = new Float32Array(prompts.length);
      // Neighbours begin alike, and what a prompt begins with as the one before it is not computed again.
      const order = prompts.map((_, p) => p).sort((a, b) => compare(prompts[a].ids, prompts[b].ids));
      for (const p of order) out[p] = await logProb(prompts[p].ids, prompts[p].text, answer);
      return out;
    },
    close: () => llama.exit(),
  };
}

function compare(a: Uint32Array, b: Uint32Array): number {
  let i = 0;
  while (i < a.length && i < b.length && a[i] === b[i]) i++;
  return (a[i] ?? -1) - (b[i] ?? -1);
}
