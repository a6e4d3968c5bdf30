/** Characters (code points) as a tokenizer has changed them, each with the UTF-16 range [start, end) of the given text that it stands for. */
export interface Mapped {
  readonly chars: readonly string[];
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** A change of a text read forwards: ≤ 0 stands for the next character and for −change more after it, > 0 was put in and shares the range before it. */
export type Change = readonly [c: string, change: number];

/** The text character by character; a lone surrogate, which UTF-8 cannot hold, becomes the replacement character. Ranges are shifted by `offset`. */
export function mapText(text: string, offset = 0): Mapped {
  const chars: string[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  let at = offset;
  for (const c of text) {
    chars.push(c.length === 1 && c >= '\ud800' && c <= '\udfff' ? '\ufffd' : c);
    starts.push(at);
    at += c.length;
    ends.push(at);
  }
  return { chars, starts, ends };
}

/** Characters from … to − 1. */
export function slice({ chars, starts, ends }: Mapped, from: number, to: number): Mapped {
  return { chars: chars.slice(from, to), starts: starts.slice(from, to), ends: ends.slice(from, to) };
}

/** The changed text; the first `skipped` characters are dropped. */
export function applied(mapped: Mapped, changes: Iterable<Change>, skipped = 0): Mapped {
  const chars: string[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  const last = mapped.chars.length - 1;
  let at = skipped;
  for (const [c, change] of changes) {
    const from = Math.min(Math.max(change > 0 ? at - 1 : at, 0), last);
    chars.push(c);
    starts.push(mapped.starts[from]);
    ends.push(mapped.ends[from]);
    if (change <= 0) at += 1 - change;
  }
  return { chars, starts, ends };
}

/** The text with `prefix` before it; all of the prefix shares the range of the first character. An empty text stays empty. */
export function prepended(mapped: Mapped, prefix: string): Mapped {
  if (mapped.chars.length === 0) return mapped;
  const put = [...prefix];
  return {
    chars: [...put, ...mapped.chars],
    starts: [...put.map(() => mapped.starts[0]), ...mapped.starts],
    ends: [...put.map(() => mapped.ends[0]), ...mapped.ends],
  };
}

/** Stretches of characters that a pattern matches, ascending and apart. */
export function matchesOf({ chars }: Mapped, pattern: RegExp): [from: number, to: number][] {
  const text = chars.join('');
  const charAt: number[] | null = text.length === chars.length ? null : [];
  if (charAt) {
    chars.forEach((c, i) => {
      for (let unit = 0; unit < c.length; unit++) charAt.push(i);
    });
    charAt.push(chars.length);
  }
  return Array.from(text.matchAll(pattern), ({ index, 0: match }): [number, number] => {
    const end = index + match.length;
    return charAt ? [charAt[index], charAt[end]] : [index, end];
  }).filter(([from, to]) => to > from);
}

/** What becomes of a match when a text is cut at it. */
export type Behaviour = 'Removed' | 'Isolated' | 'MergedWithPrevious' | 'MergedWithNext' | 'Contiguous';

/** Cuts a text at its matches (`invert`: at what lies between them); no part is empty. */
export function cut(mapped: Mapped, pattern: RegExp, behaviour: Behaviour, invert = false): Mapped[] {
  const parts: [from: number, to: number, match: boolean][] = [];
  let done = 0;
  const count = mapped.chars.length;
  for (const [from, to] of matchesOf(mapped, pattern)) {
    if (from > done) parts.push([done, from, invert]);
    parts.push([from, to, !invert]);
    done = to;
  }
  if (done < count) parts.push([done, count, invert]);
  return joined(parts, behaviour).map(([from, to]) => slice(mapped, from, to));
}

function joined(parts: readonly [from: number, to: number, match: boolean][], behaviour: Behaviour): [from: number, to: number][] {
  const out: [number, number][] = [];
  let open = false;
  const extend = (to: number) => {
    out[out.length - 1][1] = to;
  };
  parts.forEach(([from, to, match], i) => {
    const before = i > 0 && parts[i - 1][2];
    if (behaviour === 'Removed') {
      if (!match) out.push([from, to]);
    } else if (behaviour === 'Contiguous' && i > 0 && before === match) extend(to);
    else if (behaviour === 'MergedWithPrevious' && match && i > 0 && !before) extend(to);
    else if (behaviour === 'MergedWithNext' && open) extend(to);
    else out.push([from, to]);
    // A match waits for the part after it, and is alone where another match follows.
    open = behaviour === 'MergedWithNext' && match && !(parts[i + 1]?.[2] ?? true);
  });
  return out;
}
