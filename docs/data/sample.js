// Draws the sentences of docs/data.md from the three files of "Sentiment Labelled Sentences" (UCI Machine Learning Repository, CC BY 4.0).
//
//     node docs/data/sample.js FOLDER
//
// Writes train.tsv (475 sentences, 25 of them twice; 25 others with their label turned), validation.tsv (200 more) and planted.json, which says
// which rows of train.tsv, from 0, were turned, and which are pairs. They are committed: nobody needs the folder to run the study.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SEED = 11;
const [UNIQUE, PAIRS, TURNED, VALIDATION] = [475, 25, 25, 200];
const here = (name) => new URL(name, import.meta.url);

/** The same numbers each time: xorshift. */
let state = SEED;
function below(n) {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % n;
}

function shuffled(list) {
  const out = [...list];
  for (let i = out.length - 1; i > 0; i--) {
    const j = below(i + 1);
    [out[i], out[j]] = [out[j], out[i]];
  }
  return out;
}

const seen = new Set();
const sentences = ['amazon_cells', 'imdb', 'yelp']
  .flatMap((name) => readFileSync(join(process.argv[2], `${name}_labelled.txt`), 'utf8').split('\n'))
  .flatMap((line) => {
    const [, text, label] = /^(.*?)\s*\t\s*([01])\s*$/.exec(line) ?? [];
    if (text === undefined) return [];
    const plain = text.replaceAll('"', '').trim().split(/\s+/).join(' ');
    // Sentences of one line or two, each once.
    const key = plain.toLowerCase().replace(/[^a-z0-9]+/g, '');
    if (plain.length < 20 || plain.length > 120 || seen.has(key)) return [];
    seen.add(key);
    return [{ text: plain, label: label === '1' ? 'positive' : 'negative' }];
  });

const drawn = shuffled(sentences);
const validation = drawn.slice(0, VALIDATION);
const unique = drawn.slice(VALIDATION, VALIDATION + UNIQUE);
// They are in random order already: the first are turned, the next stand twice.
const other = { positive: 'negative', negative: 'positive' };
const rows = [...unique.map((e, i) => (i < TURNED ? { text: e.text, label: other[e.label] } : e)), ...unique.slice(TURNED, TURNED + PAIRS)];
const order = shuffled(rows.keys());
const place = new Map(order.map((row, at) => [row, at]));
const ascending = (a, b) => a - b;
const planted = {
  turned: Array.from({ length: TURNED }, (_, i) => place.get(i)).sort(ascending),
  pairs: Array.from({ length: PAIRS }, (_, i) => [place.get(TURNED + i), place.get(UNIQUE + i)].sort(ascending)).sort(([a], [b]) => a - b),
};
const tsv = (list) => `${list.map(({ label, text }) => `${label}\t${text}`).join('\n')}\n`;
writeFileSync(here('train.tsv'), tsv(order.map((row) => rows[row])));
writeFileSync(here('validation.tsv'), tsv(validation));
writeFileSync(here('planted.json'), `${JSON.stringify(planted)}\n`);
