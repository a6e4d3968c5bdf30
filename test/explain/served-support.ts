import { expect } from 'vitest';
import { type ServerOptions, servedExplainer } from '../../src/lens.ts';
import { type FakeRequest, fakeFetch, type Reply } from '../lens/served/fake-server.ts';
import { WebspexError } from './support.ts';

export const TEXT = 'We saw the film twice last week. Was it good?';
/** The words of it that may be masked: the question is locked. */
const WORDS = ['We', 'saw', 'the', 'film', 'twice', 'last', 'week.'];
/** Every masking of them. */
export const ROWS = Array.from({ length: 2 ** WORDS.length }, (_, m) => WORDS.map((__, i) => (m >> i) & 1));

/** An explainer of a server that replies like this. */
export function served(reply: (request: FakeRequest, count: number) => Reply, options: Partial<ServerOptions> = {}) {
  const fake = fakeFetch(reply);
  return { ...fake, explainer: servedExplainer({ url: 'http://one', model: 'm', fetch: fake.fetch, retries: 0, ...options }) };
}

/** What is left of the text. */
export function promptOf(row: readonly number[]): string {
  return `${WORDS.filter((_, i) => row[i] === 1).join(' ')} Was it good?`;
}

/** Code and message of the typed error that some work ends with. */
export async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    expect(error).toBeInstanceOf(WebspexError);
    return `${(error as WebspexError).code}: ${(error as Error).message}`;
  }
  throw new Error('it was not refused');
}
