import { shown } from '../json.ts';
import { bytesOfToken } from './byte-level.ts';
import { flag, isNone, type Json, partsOf, refuse, text, unsupported } from './fields.ts';
import { readPattern } from './patterns.ts';

/** A step from tokens to text: what the tokens become. */
type Step = (tokens: readonly string[]) => string[];

const NAMES = 'ByteLevel, ByteFallback, Fuse, Metaspace, Replace, Strip, WordPiece';
const utf8 = new TextEncoder();

const asText = (bytes: readonly number[]) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes));

/** Bytes of one character are spread over tokens, so all are decoded together; what is no UTF-8 becomes U+FFFD. */
function byteLevel(tokens: readonly string[]): string[] {
  return [asText(tokens.flatMap((token) => bytesOfToken(token) ?? [...utf8.encode(token)]))];
}

/** Runs of `<0xNN>` become the text that the bytes are, or one U+FFFD for each. */
function byteFallback(tokens: readonly string[]): string[] {
  const out: string[] = [];
  let run: number[] = [];
  const flush = () => {
    if (run.length === 0) return;
    const decoded = asText(run);
    if (decoded.includes('\ufffd')) for (const _ of run) out.push('\ufffd');
    else out.push(decoded);
    run = [];
  };
  for (const token of tokens) {
    const byte = /^<0x([0-9A-Fa-f]{2})>$/.exec(token);
    if (byte) run.push(Number.parseInt(byte[1], 16));
    else {
      flush();
      out.push(token);
    }
  }
  flush();
  return out;
}

function metaspace(step: Json): Step {
  const replacement = text(step.replacement, 'replacement', '▁');
  const prefixed = isNone(step.prepend_scheme) ? flag(step.add_prefix_space, 'add_prefix_space', true) : step.prepend_scheme !== 'never';
  return (tokens) => tokens.map((token, i) => token.replaceAll(replacement, i === 0 && prefixed ? '' : ' '));
}

function count(value: unknown, name: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > 1000)
    refuse(`${name}: expected 0 to 1000, got ${shown(value)}`);
  return value;
}

function strip(step: Json): Step {
  const content = text(step.content, 'content', ' ');
  const [most, last] = [count(step.start ?? 0, 'decoder.start'), count(step.stop ?? 0, 'decoder.stop')];
  return (tokens) =>
    tokens.map((token) => {
      let out = token;
      for (let i = 0; i < most && content !== '' && out.startsWith(content); i++) out = out.slice(content.length);
      for (let i = 0; i < last && content !== '' && out.endsWith(content); i++) out = out.slice(0, out.length - content.length);
      return out;
    });
}

function wordPiece(step: Json): Step {
  const prefix = text(step.prefix, 'prefix', '##');
  return (tokens) => tokens.map((token, i) => (i === 0 ? token : token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`));
}

function readStep(step: Json): Step {
  switch (step.type) {
    case 'ByteLevel':
      return byteLevel;
    case 'ByteFallback':
      return byteFallback;
    case 'Fuse':
      return (tokens) => [tokens.join('')];
    case 'Metaspace':
      return metaspace(step);
    case 'Strip':
      return strip(step);
    case 'WordPiece':
      return wordPiece(step);
    case 'Replace': {
      const pattern = readPattern(step.pattern, 'decoder.pattern');
      const content = text(step.content, 'content', '');
      return (tokens) => tokens.map((token) => token.replace(pattern, () => content));
    }
    default:
      return unsupported(`decoder: expected ${NAMES}, got ${shown(step.type)}`);
  }
}

/** From tokens to the text they stand for; without a decoder they are joined by blanks. @throws bad-file, unsupported-model. */
export function readDecoder(given: unknown): (tokens: readonly string[]) => string {
  const steps = partsOf(given, 'decoder', 'decoders').map(readStep);
  const joint = steps.length === 0 ? ' ' : '';
  return (tokens) => steps.reduce<readonly string[]>((now, step) => step(now), tokens).join(joint);
}
