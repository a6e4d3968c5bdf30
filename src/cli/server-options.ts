import { SERVED_WAYS, type ServerOptions, serverUrls } from '../lens.ts';
import { type Arguments, oneOf, usage, wholeNumber } from './arguments.ts';

const CALLING_VALUES = [
  'server-by',
  'server-batch',
  'server-concurrency',
  'server-timeout',
  'server-retries',
  'max-requests',
  'max-tokens',
] as const;
export const SERVER_VALUES = ['server', 'server-model', ...CALLING_VALUES] as const;

export const SERVER_HELP = [
  [
    '--server URL',
    'instead of a model here a causal one behind an OpenAI-compatible server (vLLM, llama.cpp, TGI), or behind several with commas between; the text is sent there, with the key in WEBSPEX_API_KEY where that is set',
  ],
  ['--server-model NAME', 'its name there; default the only one it lists'],
  [
    '--server-by W',
    `how log-probabilities are asked for: ${SERVED_WAYS.join(', ')}; default the first that works. top-k knows the likeliest next tokens alone: a target that is not among them counts as the least of them`,
  ],
  ['--server-concurrency N', 'most requests under way at one server; default 16'],
  ['--server-batch N', 'texts in a request, where the server takes several; default 1'],
  ['--server-timeout S', 'seconds that an answer may take; default 60'],
  ['--server-retries N', 'how often a request is tried again; default 6'],
  ['--max-requests N', 'send no more requests than this, those that fail included'],
  ['--max-tokens N', 'spend no more tokens than this, those that are sent and those that are made'],
] as const;

export type ServerRun = ServerOptions;

const MOST = 1_000_000_000;

/** What `--server` names, or null where it is not given. @throws usage. */
export function serverRun(args: Arguments): ServerRun | null {
  const given = args.value('server');
  if (given === undefined) {
    const stray = ['server-model', ...CALLING_VALUES].find((name) => args.has(name));
    if (stray !== undefined) throw usage(`--${stray}: expected --server URL, got none; name one, or leave it out`);
    return null;
  }
  const local = ['model', 'revision', 'device', 'dtype', 'offline'].find((name) => args.has(name));
  if (local !== undefined)
    throw usage(`--${local}: expected none with --server, got one; ${local === 'model' ? 'say --server-model' : 'leave it out'}`);
  const lens = args.value('lens');
  if (lens !== undefined && lens !== 'text') throw usage(`--lens: expected text with --server, got ${lens}; leave it out`);
  const single = args.has('chat') ? ['server-by', 'server-batch'].find((name) => args.has(name)) : undefined;
  if (single !== undefined)
    throw usage(
      `--${single}: expected none with --chat, got one; a chat takes one message a request, and lists first tokens; leave it out`,
    );
  const seconds = wholeNumber(args, 'server-timeout', 1, 86_400);
  return {
    url: serverUrls(given),
    model: args.value('server-model'),
    by: oneOf(args, 'server-by', SERVED_WAYS),
    batch: wholeNumber(args, 'server-batch', 1, 1024),
    concurrency: wholeNumber(args, 'server-concurrency', 1, 4096),
    ...(seconds !== undefined && { timeoutMs: 1000 * seconds }),
    retries: wholeNumber(args, 'server-retries', 0, 100),
    maxRequests: wholeNumber(args, 'max-requests', 1, MOST),
    maxTokens: wholeNumber(args, 'max-tokens', 1, 1000 * MOST),
    // From the environment alone: a command line is seen by every process of the machine.
    apiKey: process.env.WEBSPEX_API_KEY || undefined,
  };
}
