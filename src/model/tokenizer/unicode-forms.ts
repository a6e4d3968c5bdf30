import { decomposed, isNonstarter, orderMarks } from '../bert-characters.ts';
import { applied, type Change, type Mapped, slice } from './mapped.ts';

export type Form = 'NFC' | 'NFD' | 'NFKC' | 'NFKD';

/** Characters that can join the one before them: marks, and the vowels and finals of Hangul in all their widths. */
const JOINING = /[\p{M}\u1160-\u11ff\u3130-\u318f\uff9e-\uffdc]/u;
/** Characters below stay what they are. */
const FIRST_CHANGED = { NFC: '\u0300', NFD: '\u00c0', NFKC: '\u00a0', NFKD: '\u00a0' } as const;

/** Decomposition in canonical order: the first character of each stands for the character, the others were put in. */
function decomposition(chars: readonly string[], compatible: boolean): Change[] {
  const parts: string[] = [];
  const changes: number[] = [];
  for (const c of chars)
    (compatible && c >= '\x80' ? [...c.normalize('NFKD')] : decomposed(c)).forEach((part, i) => {
      parts.push(part);
      changes.push(i > 0 ? 1 : 0);
    });
  orderMarks(parts, (start, from) => {
    const moved = from.map((i) => changes[start + i]);
    for (let i = 0; i < moved.length; i++) changes[start + i] = moved[i];
  });
  return parts.map((c, i) => [c, changes[i]]);
}

/** The one character that two make, or null. */
function pair(a: string, b: string): string | null {
  const together = (a + b).normalize('NFC');
  return String.fromCodePoint(together.codePointAt(0) as number) === together ? together : null;
}

/** Whether two marks stop each other from passing: the second cannot reach the letter. */
function isBlocked(before: string, mark: string): boolean {
  if (!isNonstarter(mark) || !isNonstarter(before)) return true;
  return `a${before}${mark}`.normalize('NFD') === `a${before}${mark}` && `a${mark}${before}`.normalize('NFD') === `a${mark}${before}`;
}

/** Canonical composition (Unicode, D117); what is joined stands for what both stood for, given as a change. */
function composition(parts: readonly Change[]): Change[] {
  const out: Change[] = [];
  let letter = -1;
  for (const [c, change] of parts) {
    const adjacent = letter === out.length - 1;
    const joined = letter >= 0 && (adjacent || !isBlocked(out[out.length - 1][0], c)) ? pair(out[letter][0], c) : null;
    if (joined !== null) out[letter] = [joined, out[letter][1] + change - 1];
    else {
      if (!isNonstarter(c)) letter = out.length;
      out.push([c, change]);
    }
  }
  return out;
}

function normalisedRun(run: Mapped, form: Form): Mapped {
  const given = run.chars.join('');
  if (given.normalize(form) === given) return run;
  const parts = decomposition(run.chars, form.length === 4);
  return applied(run, form.endsWith('C') ? composition(parts) : parts);
}

/** A Unicode normal form. Runs that it can change are taken one at a time, so ranges stay close. */
export function normalForm(mapped: Mapped, form: Form): Mapped {
  const { chars } = mapped;
  const plain = FIRST_CHANGED[form];
  if (chars.every((c) => c < plain)) return mapped;
  const out = { chars: [] as string[], starts: [] as number[], ends: [] as number[] };
  for (let from = 0; from < chars.length; ) {
    let to = from + 1;
    while (to < chars.length && chars[to] >= '\u0300' && JOINING.test(chars[to])) to++;
    const run = normalisedRun(slice(mapped, from, to), form);
    for (let i = 0; i < run.chars.length; i++) {
      out.chars.push(run.chars[i]);
      out.starts.push(run.starts[i]);
      out.ends.push(run.ends[i]);
    }
    from = to;
  }
  return out;
}
