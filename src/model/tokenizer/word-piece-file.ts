import { shown } from '../json.ts';
import type { Wrapping } from '../model.ts';
import type { WordPieceRules } from '../wordpiece.ts';
import { flag, isNone, type Json, objectOf, refuse, text, unsupported } from './fields.ts';
import { readVocabulary } from './model.ts';
import { readPostProcessor } from './post-processor.ts';

/** Longest word, in code points, that a file may let through. */
const MOST_LETTERS = 1000;

/** Settings of tokenizer_config.json that transformers lets win over the normalizer of tokenizer.json. */
function overrides(config: Json): Json {
  // Generic tokenizer classes take tokenizer.json as it is.
  if (config.tokenizer_class === 'PreTrainedTokenizerFast' || config.tokenizer_class === 'TokenizersBackend') return {};
  const given: [string, unknown][] = [
    ['lowercase', config.do_lower_case],
    ['strip_accents', config.strip_accents],
    ['handle_chinese_chars', config.tokenize_chinese_chars],
  ];
  return Object.fromEntries(given.filter(([, value]) => !isNone(value)));
}

function readNormalizer(json: Json, config: Json): Pick<WordPieceRules, 'cleanText' | 'chineseChars' | 'stripAccents' | 'lowercase'> {
  if (isNone(json.normalizer)) return { cleanText: false, chineseChars: false, stripAccents: false, lowercase: false };
  const stated = objectOf(json.normalizer, 'normalizer');
  if (stated.type !== 'BertNormalizer') unsupported(`normalizer: expected BertNormalizer, got ${shown(stated.type)}`);
  const normalizer = { ...stated, ...overrides(config) };
  const lowercase = flag(normalizer.lowercase, 'lowercase', true);
  return {
    cleanText: flag(normalizer.clean_text, 'clean_text', true),
    chineseChars: flag(normalizer.handle_chinese_chars, 'handle_chinese_chars', true),
    stripAccents: flag(normalizer.strip_accents, 'strip_accents', lowercase),
    lowercase,
  };
}

/** [CLS] … [SEP] where the file does not say, as old ones do not. */
function usualWrapping(idOf: (token: string) => number | undefined): Wrapping {
  const [cls, sep] = ['[CLS]', '[SEP]'].map((token) => Uint32Array.from([idOf(token)].filter((id) => id !== undefined)));
  return { before: cls, between: sep, after: sep };
}

/** The longest token of a vocabulary in UTF-16 units. */
export function longestOf(vocabulary: ReadonlyMap<string, number>): number {
  let most = 0;
  for (const token of vocabulary.keys()) most = Math.max(most, token.length);
  return most;
}

/** The rules of a WordPiece tokenizer and what goes around its texts; `config` is tokenizer_config.json. @throws bad-file, unsupported-model. */
export function readWordPiece(
  json: Json,
  config: Json,
): { rules: WordPieceRules; wrapping: (added: ReadonlyMap<string, number>) => Wrapping } {
  const model = objectOf(json.model, 'model');
  const normalizer = readNormalizer(json, config);
  const splitter = isNone(json.pre_tokenizer) ? {} : objectOf(json.pre_tokenizer, 'pre_tokenizer');
  if (splitter.type !== 'BertPreTokenizer') unsupported(`pre_tokenizer: expected BertPreTokenizer, got ${shown(splitter.type)}`);
  const vocabulary = readVocabulary(model.vocab);
  const unknown = text(model.unk_token, 'unk_token', '[UNK]');
  if (!vocabulary.has(unknown)) refuse(`model.vocab: expected the unknown token ${shown(unknown)}, got none`);
  const longestWord = model.max_input_chars_per_word ?? 100;
  if (typeof longestWord !== 'number' || !Number.isInteger(longestWord) || longestWord < 1 || longestWord > MOST_LETTERS)
    refuse(`max_input_chars_per_word: expected 1 to ${MOST_LETTERS}, got ${shown(longestWord)}`);
  const stated = isNone(json.post_processor) ? null : readPostProcessor(json.post_processor).wrapping;
  return {
    rules: {
      vocabulary,
      longestToken: longestOf(vocabulary),
      unknown,
      prefix: text(model.continuing_subword_prefix, 'continuing_subword_prefix', '##'),
      longestWord,
      ...normalizer,
    },
    wrapping: (added) => stated ?? usualWrapping((token) => added.get(token) ?? vocabulary.get(token)),
  };
}
