import type { Mapped } from './mapped.ts';

/** The character that byte-level tokenizers write for each byte: itself where it is printed, else the next one from U+0100 on. */
export const BYTE_CHARS: readonly string[] = (() => {
  let next = 0x100;
  const printed = (b: number) => (b >= 0x21 && b <= 0x7e) || (b >= 0xa1 && b <= 0xac) || b >= 0xae;
  return Array.from({ length: 256 }, (_, b) => String.fromCharCode(printed(b) ? b : next++));
})();

const BYTE_OF: ReadonlyMap<string, number> = new Map(BYTE_CHARS.map((c, b) => [c, b]));
/** What a blank is written as. */
export const BYTE_BLANK = BYTE_CHARS[0x20];

const utf8 = new TextEncoder();

/** The text's UTF-8 bytes, each written as its character and standing for the whole character that it is a part of. */
export function toByteChars({ chars, starts, ends }: Mapped): Mapped {
  const out = { chars: [] as string[], starts: [] as number[], ends: [] as number[] };
  chars.forEach((c, i) => {
    const bytes = c < '\x80' ? [c.charCodeAt(0)] : utf8.encode(c);
    for (const byte of bytes) {
      out.chars.push(BYTE_CHARS[byte]);
      out.starts.push(starts[i]);
      out.ends.push(ends[i]);
    }
  });
  return out;
}

/** The bytes that a token's characters stand for, or null where one of them stands for none. */
export function bytesOfToken(token: string): number[] | null {
  const bytes: number[] = [];
  for (const c of token) {
    const byte = BYTE_OF.get(c);
    if (byte === undefined) return null;
    bytes.push(byte);
  }
  return bytes;
}

/** The token that stands for one byte in a SentencePiece vocabulary. */
export function byteName(byte: number): string {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
}

/** The tokens of some characters' bytes, or null where the vocabulary lacks one. */
export function byteTokens(characters: string, vocabulary: ReadonlyMap<string, number>): { byte: number; id: number }[] | null {
  const out: { byte: number; id: number }[] = [];
  for (const byte of utf8.encode(characters)) {
    const id = vocabulary.get(byteName(byte));
    if (id === undefined) return null;
    out.push({ byte, id });
  }
  return out;
}
