import { isMark } from '../bert-characters.ts';
import { shown } from '../json.ts';
import { applyCharsmap, readCharsmap } from './charsmap.ts';
import { flag, isNone, type Json, partsOf, refuse, text, unsupported } from './fields.ts';
import { applied, type Change, type Mapped, matchesOf, prepended, slice } from './mapped.ts';
import { readPattern } from './patterns.ts';
import { type Form, normalForm } from './unicode-forms.ts';

/** A step that changes a text before it is split. */
export type Normalizer = (text: Mapped) => Mapped;

const NAMES = 'NFC, NFD, NFKC, NFKD, Lowercase, StripAccents, Strip, Prepend, Replace, Precompiled';
/** Marks that take room, or enclose; those that take none are in a table as old as the tokenizers'. */
const ROOMY_MARK = /[\p{Mc}\p{Me}]/u;
const WHITE = /\p{White_Space}/u;
/** Longest text that replacements may make of a shorter one: a file may ask for each to be twice the last. */
const MOST_CHARACTERS = 1_000_000;

function lowered(mapped: Mapped): Mapped {
  return applied(
    mapped,
    mapped.chars.flatMap((c) => [...c.toLowerCase()].map((low, i): Change => [low, i > 0 ? 1 : 0])),
  );
}

function kept(mapped: Mapped, keep: (c: string) => boolean): Mapped {
  const at = mapped.chars.map((_, i) => i).filter((i) => keep(mapped.chars[i]));
  if (at.length === mapped.chars.length) return mapped;
  return { chars: at.map((i) => mapped.chars[i]), starts: at.map((i) => mapped.starts[i]), ends: at.map((i) => mapped.ends[i]) };
}

function stripped(mapped: Mapped, left: boolean, right: boolean): Mapped {
  const { chars } = mapped;
  let from = 0;
  let to = chars.length;
  while (left && from < to && WHITE.test(chars[from])) from++;
  while (right && to > from && WHITE.test(chars[to - 1])) to--;
  return slice(mapped, from, to);
}

/** Each match becomes `content`, which shares the range of the match's last character. */
export function replaced(mapped: Mapped, pattern: RegExp, content: readonly string[]): Mapped {
  const matches = matchesOf(mapped, pattern);
  if (matches.length === 0) return mapped;
  if (matches.length * content.length > MOST_CHARACTERS)
    refuse(`normalizer: expected a text of at most ${MOST_CHARACTERS} characters, got more by its replacements`);
  const out = { chars: [] as string[], starts: [] as number[], ends: [] as number[] };
  const push = (c: string, from: number) => {
    out.chars.push(c);
    out.starts.push(mapped.starts[from]);
    out.ends.push(mapped.ends[from]);
  };
  let done = 0;
  for (const [from, to] of matches) {
    for (; done < from; done++) push(mapped.chars[done], done);
    for (const c of content) push(c, to - 1);
    done = to;
  }
  for (; done < mapped.chars.length; done++) push(mapped.chars[done], done);
  return out;
}

function readStep(step: Json): Normalizer {
  switch (step.type) {
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD': {
      const form: Form = step.type;
      return (mapped) => normalForm(mapped, form);
    }
    case 'Lowercase':
      return lowered;
    case 'StripAccents':
      return (mapped) => kept(mapped, (c) => !isMark(c) && !ROOMY_MARK.test(c));
    case 'Strip': {
      const [left, right] = [flag(step.strip_left, 'strip_left', true), flag(step.strip_right, 'strip_right', true)];
      return (mapped) => stripped(mapped, left, right);
    }
    case 'Prepend': {
      const prefix = text(step.prepend, 'prepend', '');
      return (mapped) => prepended(mapped, prefix);
    }
    case 'Replace': {
      const pattern = readPattern(step.pattern, 'normalizer.pattern');
      const content = [...text(step.content, 'normalizer.content', '')];
      return (mapped) => replaced(mapped, pattern, content);
    }
    case 'Precompiled': {
      if (isNone(step.precompiled_charsmap)) return (mapped) => mapped;
      const map = readCharsmap(step.precompiled_charsmap);
      return (mapped) => applyCharsmap(mapped, map);
    }
    default:
      return unsupported(`normalizer: expected ${NAMES}, got ${shown(step.type)}`);
  }
}

/** The normalizer of a file; none leaves texts as they are. @throws bad-file, unsupported-model. */
export function readNormalizer(given: unknown): Normalizer {
  const steps = partsOf(given, 'normalizer', 'normalizers').map(readStep);
  return (mapped) => steps.reduce((m, step) => step(m), mapped);
}
