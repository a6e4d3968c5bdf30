import { shown } from '../json.ts';
import { toByteChars } from './byte-level.ts';
import { flag, isNone, type Json, partsOf, refuse, text, unsupported } from './fields.ts';
import { type Behaviour, cut, type Mapped, prepended } from './mapped.ts';
import { replaced } from './normalizers.ts';
import { compileKnown, GPT2_WORDS, readPattern } from './patterns.ts';

/** A step that cuts a text into words, which are never joined again. */
export type PreTokenizer = (text: Mapped) => Mapped[];

const NAMES = 'ByteLevel, Metaspace, Split, Digits, WhitespaceSplit';
const BEHAVIOURS: readonly Behaviour[] = ['Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous'];
const SCHEMES = ['always', 'first', 'never'];

const notEmpty = (word: Mapped) => word.chars.length > 0;

function byteLevel(step: Json): PreTokenizer {
  const prefix = flag(step.add_prefix_space, 'add_prefix_space', true);
  const words = flag(step.use_regex, 'use_regex', true) ? compileKnown(GPT2_WORDS) : null;
  return (given) => {
    const spaced = prefix && given.chars[0] !== ' ' ? prepended(given, ' ') : given;
    return (words ? cut(spaced, words, 'Isolated') : [spaced]).map(toByteChars);
  };
}

function metaspace(step: Json): PreTokenizer {
  const replacement = text(step.replacement, 'replacement', '▁');
  if ([...replacement].length !== 1) refuse(`replacement: expected one character, got ${shown(replacement)}`);
  const scheme = isNone(step.prepend_scheme)
    ? flag(step.add_prefix_space, 'add_prefix_space', true)
      ? 'always'
      : 'never'
    : String(step.prepend_scheme).toLowerCase();
  if (!SCHEMES.includes(scheme)) refuse(`prepend_scheme: expected ${SCHEMES.join(', ')}, got ${shown(step.prepend_scheme)}`);
  const isSplit = flag(step.split, 'split', true);
  const [blank, mark] = [/ /gu, readPattern({ String: replacement }, 'replacement')];
  return (given) => {
    const marked = replaced(given, blank, [replacement]);
    const asked = scheme === 'always' || (scheme === 'first' && marked.starts[0] === 0);
    const spaced = asked && marked.chars[0] !== replacement ? prepended(marked, replacement) : marked;
    return isSplit ? cut(spaced, mark, 'MergedWithNext') : [spaced];
  };
}

function readStep(step: Json): PreTokenizer {
  switch (step.type) {
    case 'ByteLevel':
      return byteLevel(step);
    case 'Metaspace':
      return metaspace(step);
    case 'Split': {
      const pattern = readPattern(step.pattern, 'pre_tokenizer.pattern');
      const behaviour = BEHAVIOURS.find((b) => b === step.behavior);
      if (!behaviour) refuse(`pre_tokenizer.behavior: expected ${BEHAVIOURS.join(', ')}, got ${shown(step.behavior)}`);
      const invert = flag(step.invert, 'invert', false);
      return (given) => cut(given, pattern, behaviour, invert);
    }
    case 'Digits': {
      const behaviour = flag(step.individual_digits, 'individual_digits', false) ? 'Isolated' : 'Contiguous';
      return (given) => cut(given, /\p{N}/gu, behaviour);
    }
    case 'WhitespaceSplit':
      return (given) => cut(given, /\p{White_Space}/gu, 'Removed');
    default:
      return unsupported(`pre_tokenizer: expected ${NAMES}, got ${shown(step.type)}`);
  }
}

/** The pre-tokenizer of a file; none leaves a text whole. @throws bad-file, unsupported-model. */
export function readPreTokenizer(given: unknown): PreTokenizer {
  const steps = partsOf(given, 'pre_tokenizer', 'pretokenizers').map(readStep);
  return (mapped) => steps.reduce((words, step) => words.flatMap(step).filter(notEmpty), [mapped].filter(notEmpty));
}
