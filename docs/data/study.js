// The study of docs/data.md: which of 500 training sentences have a turned label, and which stand twice.
//
//     npm run -s build && node docs/data/study.js [EXPLANATION.json]
//
// Reads the files that sample.js drew, writes results.json, turned.svg and pairs.svg beside them. About 3 CPU-minutes, most
// of them for the explanation, which is read from a file where one is named: what the command line prints for the same question.
import { readFileSync, writeFileSync } from 'node:fs';
import { explainObserved, masksFromRows, pairedMasks } from '../../dist/index.js';
import {
  createLogisticTrainer,
  embedTexts,
  influencedMargins,
  influencesOf,
  loadClassifier,
  openSource,
  parseExamples,
} from '../../dist/lens.js';
import { EMBEDDED_MODEL, explainer } from '../../dist/text.js';
import { openBackend } from '../../dist/webgpu.js';
import { drawn } from './drawn.js';

const BUDGET = 2048;
const RETRAININGS = 4096;
const [SEED, TOP, SINGLE_TEXTS] = [7, 25, 10];
const here = (name) => new URL(name, import.meta.url);
const say = (line) => process.stderr.write(`${line}\n`);
const read = (name) => parseExamples(readFileSync(here(name), 'utf8'), name);

const [train, validation] = [read('train.tsv'), read('validation.tsv')];
const planted = JSON.parse(readFileSync(here('planted.json'), 'utf8'));
const turned = new Set(planted.turned);
const twice = new Set(planted.pairs.map(String));
const n = train.length;

/** What a user asks: webspex explain --lens data --train train.tsv --set validation.tsv --budget 2048 --json. */
async function asked() {
  const ex = await explainer('feature-extraction', undefined, { device: 'wasm' });
  const onProgress = ({ queries, phase }) => phase === 'decoding' && say(`decoding ${queries} retrainings …`);
  const e = await ex.explain('', { lens: 'data', train, examples: validation, budget: BUDGET, seed: SEED, onProgress }).result;
  ex.destroy();
  return e;
}

say(`${n} training sentences, ${validation.length} to validate on`);
const saved = process.argv[2];
const explanation = saved === undefined ? await asked() : JSON.parse(readFileSync(saved, 'utf8'));
say(`R² ${explanation.fit.r2.toFixed(3)} (${explanation.fit.chosen})`);

// The same heads trained here, so that every value can be read off them.
const backend = await openBackend('wasm');
const model = await loadClassifier(openSource(EMBEDDED_MODEL), { backend, head: 'none' });
const width = model.info.labels.length;
const [features, tested] = [
  await embedTexts(
    model,
    train.map((e) => e.text),
  ),
  await embedTexts(
    model,
    validation.map((e) => e.text),
  ),
];
const both = Float32Array.from([...tested, ...features]);
const signs = [...validation, ...train].map((e) => (e.label === 'positive' ? 1 : -1));
const data = { features, width, labels: Uint8Array.from(train, (e) => Number(e.label === 'positive')) };
const trainer = await createLogisticTrainer(data, backend);

/** Margins (masks, validation texts and then training texts), each towards the label that is given. */
async function marginsOf(masks) {
  const heads = await trainer.train(masks);
  return Array.from({ length: masks.count }, (_, r) => {
    const head = heads.subarray(r * (width + 1), (r + 1) * (width + 1));
    return Float64Array.from(signs, (sign, t) => {
      let margin = head[width];
      for (let c = 0; c < width; c++) margin += head[c] * both[t * width + c];
      return sign * margin;
    });
  });
}

say(`training ${RETRAININGS} heads …`);
const everyone = new Array(n).fill(1);
const without = masksFromRows([everyone, ...everyone.map((_, i) => everyone.map((v, k) => (k === i ? 0 : v)))]);
const planned = pairedMasks(n, RETRAININGS, SEED);
const stride = planned.words.length / planned.count;
// Without the two ends, as the lens does.
const masks = { n, count: RETRAININGS - 2, words: planned.words.subarray(2 * stride) };
const sampled = await marginsOf(masks);
const left = await marginsOf(without);
const influences = influencesOf(data, trainer.whole, both);
const guessed = influencedMargins(influences, without);
const leftByInfluence = Array.from({ length: without.count }, (_, r) =>
  guessed.subarray(r * signs.length, (r + 1) * signs.length).map((m, t) => signs[t] * m),
);
trainer.destroy();
model.destroy();
backend.destroy();

const mean = (list) => list.reduce((sum, v) => sum + v, 0) / list.length;
const onValidation = (of) => (margins) => mean(Array.from(margins.subarray(0, validation.length), of));
const values = {
  'mean margin': onValidation((m) => m),
  'mean log-probability': onValidation((m) => -Math.log1p(Math.exp(-m))),
  accuracy: onValidation((m) => Number(m > 0)),
};
for (let t = 0; t < SINGLE_TEXTS; t++) values[`margin of text ${t + 1}`] = (margins) => margins[t];

/** How many of the first k are hits, for k = 1, 2, … */
function hits(ranking, isHit) {
  let sum = 0;
  return ranking.map((entry) => (sum += Number(isHit(entry))));
}
const isTurned = (i) => turned.has(i);
const harmful = (effects) => [...effects.keys()].sort((a, b) => effects[a] - effects[b]);
const singles = (e) => {
  const effects = new Float64Array(n);
  for (const { members, value } of e.interactions) if (members.length === 1) effects[members[0]] = value;
  return effects;
};
const leavingOut = (rows, value) => Float64Array.from({ length: n }, (_, i) => value(rows[0]) - value(rows[i + 1]));

say('turned labels …');
const found = { 'explanation, mean margin': hits(harmful(singles(explanation)), isTurned) };
const linearR2 = {};
for (const [name, value] of Object.entries(values)) {
  const e = await explainObserved({ masks, values: sampled.map(value) }, { method: 'linear', maxOrder: 1 }).result;
  linearR2[name] = e.fit.r2;
  found[`linear, ${name}`] = hits(harmful(singles(e)), isTurned);
  found[`leave-one-out, ${name}`] = hits(harmful(leavingOut(left, value)), isTurned);
  found[`influence, ${name}`] = hits(harmful(leavingOut(leftByInfluence, value)), isTurned);
}
const averaged = (way) => {
  const curves = Array.from({ length: SINGLE_TEXTS }, (_, t) => found[`${way}, margin of text ${t + 1}`]);
  for (let t = 0; t < SINGLE_TEXTS; t++) delete found[`${way}, margin of text ${t + 1}`];
  found[`${way}, margin of one text`] = curves[0].map((_, k) => mean(curves.map((c) => c[k])));
};
for (const way of ['linear', 'leave-one-out', 'influence']) averaged(way);
/** How much an example raises its own margin: the classical sign of a wrong label, for which no other text is needed. */
const own = (rows) => Float64Array.from({ length: n }, (_, i) => rows[i + 1][validation.length + i] - rows[0][validation.length + i]);
found['leave-one-out, own margin'] = hits(harmful(own(left)), isTurned);
found['influence, own margin'] = hits(harmful(own(leftByInfluence)), isTurned);

say('pairs …');
// (masks, n), 1 present, −1 absent.
const bits = Float64Array.from({ length: masks.count * n }, (_, at) => {
  const [r, i] = [Math.floor(at / n), at % n];
  return (masks.words[r * stride + (i >> 5)] >>> (i & 31)) & 1 ? 1 : -1;
});
/** The inverse of the masks' moment matrix, with a little ridge: one for all values. */
const inverse = inverted(moments(), 0.01);

/**
 * Of one value the effect of its own example `own`, and what that does together with each other example: the means over all masks of what
 * single examples leave unexplained times the product of both signs, four times that in the value's units, or over the spread that was left.
 */
function together(rows, own) {
  const middle = mean(rows);
  const projected = new Float64Array(n);
  for (let r = 0; r < rows.length; r++) {
    const v = (rows[r] - middle) / rows.length;
    for (let k = 0; k < n; k++) projected[k] += bits[r * n + k] * v;
  }
  const effects = inverse.map((row) => row.reduce((sum, v, k) => sum + v * projected[k], 0));
  const pairs = new Float64Array(n);
  let square = 0;
  for (let r = 0; r < rows.length; r++) {
    let rest = rows[r] - middle;
    for (let k = 0; k < n; k++) rest -= effects[k] * bits[r * n + k];
    square += rest * rest;
    const signed = rest * bits[r * n + own];
    for (let k = 0; k < n; k++) pairs[k] += signed * bits[r * n + k];
  }
  pairs[own] = 0;
  const spread = Math.sqrt(square / rows.length);
  return { effect: 2 * effects[own], pairs: pairs.map((v) => (4 * v) / rows.length), relative: pairs.map((v) => v / rows.length / spread) };
}

function moments() {
  const out = Array.from({ length: n }, () => new Float64Array(n));
  for (let r = 0; r < masks.count; r++)
    for (let i = 0; i < n; i++) {
      const own = bits[r * n + i] / masks.count;
      for (let j = 0; j <= i; j++) out[i][j] += own * bits[r * n + j];
    }
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) out[j][i] = out[i][j];
  return out;
}

/** (A + shift · I)⁻¹ by Gauss and Jordan; A is positive definite. */
function inverted(a, shift) {
  const work = a.map((row, i) =>
    Float64Array.from([...row.map((v, j) => v + (i === j ? shift : 0)), ...row.map((_, j) => Number(i === j))]),
  );
  for (let p = 0; p < n; p++) {
    const pivot = work[p][p];
    for (let c = p; c < 2 * n; c++) work[p][c] /= pivot;
    for (let r = 0; r < n; r++) {
      const factor = work[r][p];
      if (r !== p && factor !== 0) for (let c = p; c < 2 * n; c++) work[r][c] -= factor * work[p][c];
    }
  }
  return work.map((row) => row.slice(n));
}

const allPairs = Array.from({ length: n }, (_, i) => Array.from({ length: i }, (_, j) => [j, i])).flat();
const isPair = (pair) => twice.has(String(pair));
const mostNegative = (score) => [...allPairs].sort(([a, b], [c, d]) => score(a, b) - score(c, d));
const games = { margin: (m) => m, probability: (m) => 1 / (1 + Math.exp(-m)) };
const redundant = {
  'explanation, mean margin': hits(
    explanation.interactions
      .filter((i) => i.members.length === 2)
      .sort((a, b) => a.value - b.value)
      .map((i) => i.members),
    isPair,
  ),
};
/** What the first step has named is mended before pairs are looked at. */
const suspects = new Set(harmful(singles(explanation)).slice(0, TOP));
const unsuspected = (ranking) => ranking.filter((pair) => !pair.some((i) => suspects.has(i)));
const ownEffects = {};
let topPairs = [];
for (const [name, of] of Object.entries(games)) {
  const games = Array.from({ length: n }, (_, i) =>
    together(
      sampled.map((margins) => of(margins[validation.length + i])),
      i,
    ),
  );
  ownEffects[name] = games.map((g) => g.effect);
  const ranked = mostNegative((a, b) => games[a].relative[b] + games[b].relative[a]);
  redundant[`own ${name}`] = hits(
    mostNegative((a, b) => games[a].pairs[b] + games[b].pairs[a]),
    isPair,
  );
  redundant[`own ${name}, over its spread`] = hits(ranked, isPair);
  redundant[`own ${name}, over its spread, without the ${TOP} most harmful`] = hits(unsuspected(ranked), isPair);
  if (name === 'probability')
    topPairs = ranked.slice(0, TOP).map(([a, b]) => ({
      members: [a, b],
      planted: isPair([a, b]),
      turned: [a, b].map(isTurned),
      texts: [train[a].text, train[b].text],
      value: games[a].pairs[b] + games[b].pairs[a],
    }));
}
const crossInfluence = (i, t) => signs[validation.length + t] * influences.effects[i * signs.length + validation.length + t];
const byInfluence = mostNegative((a, b) => -crossInfluence(a, b) - crossInfluence(b, a));
redundant['influence on one another'] = hits(byInfluence, isPair);
redundant[`influence on one another, without the ${TOP} most harmful`] = hits(unsuspected(byInfluence), isPair);

// What a sentence that stands twice is worth to its own margin: missed alone its copy stays, in half of the masks the copy is gone too.
const inPair = new Set(planted.pairs.flat());
const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const missed = own(left).map((v) => -v);
const share = (some) => median(some.map((i) => missed[i] / ownEffects.margin[i]));
const blind = {
  pairs: share([...inPair]),
  others: share(Array.from({ length: n }, (_, i) => i).filter((i) => !inPair.has(i) && !turned.has(i))),
};

const at = [10, 25, 50, 100];
const table = (curves) =>
  Object.fromEntries(Object.entries(curves).map(([name, curve]) => [name, at.map((k) => curve[Math.min(k, curve.length) - 1] ?? 0)]));
const top = explanation.interactions.slice(0, TOP);
const { timing: _, spectrum: __, ...rest } = explanation;
const results = {
  at,
  turned: table(found),
  pairs: table(redundant),
  linearR2,
  blind,
  topInteractions: { named: top.filter((i) => i.members.some(isTurned)).length, of: TOP },
  turnedAmongPairs: explanation.interactions
    .filter((i) => i.members.length === 2)
    .slice(0, TOP)
    .filter((i) => i.members.every(isTurned)).length,
  topPairs,
  device: backend.info,
  explanation: { ...rest, players: undefined, interactions: rest.interactions.slice(0, 100) },
};
writeFileSync(here('results.json'), `${JSON.stringify(results)}\n`);
writeFileSync(
  here('turned.svg'),
  drawn({
    title: 'Turned labels among the first k training sentences looked at',
    across: 'sentences looked at, the most harmful first',
    most: 100,
    top: planted.turned.length,
    lines: [
      ['explanation, mean margin', found['explanation, mean margin'], '#d55e00', ''],
      ['leave-one-out, mean margin', found['leave-one-out, mean margin'], '#0072b2', '7 4'],
      ['influence, mean margin', found['influence, mean margin'], '#009e73', '2 4'],
      ['leave-one-out, one text', found['leave-one-out, margin of one text'], '#565d6d', '10 3 2 3'],
      ['linear, one text', found['linear, margin of one text'], '#cc79a7', '4 2'],
    ],
  }),
);
writeFileSync(
  here('pairs.svg'),
  drawn({
    title: 'Planted pairs among the first k of 124,750 pairs',
    across: 'pairs looked at, the most negative first',
    most: 200,
    top: planted.pairs.length,
    lines: [
      ['own probability, mended', redundant[`own probability, over its spread, without the ${TOP} most harmful`], '#d55e00', ''],
      ['own probability', redundant['own probability, over its spread'], '#0072b2', '7 4'],
      ['own margin', redundant['own margin'], '#cc79a7', '4 2'],
      ['influence, mended', redundant[`influence on one another, without the ${TOP} most harmful`], '#009e73', '2 4'],
    ],
  }),
);
const { fit } = explanation;
const lines = [`R² ${fit.r2.toFixed(3)} (${fit.r2Low.toFixed(3)} to ${fit.r2High.toFixed(3)}), ${fit.chosen}, ${fit.queries} retrainings`];
for (const [name, rows] of [
  ['turned', results.turned],
  ['pairs', results.pairs],
])
  lines.push(
    '',
    `${name}: among the first ${at.join(', ')}`,
    ...Object.entries(rows).map(([way, row]) => `  ${way}: ${row.map((v) => +v.toFixed(1)).join(', ')}`),
  );
lines.push(
  '',
  `top interactions with a turned label: ${results.topInteractions.named} of ${TOP}; pairs of two turned ones among the first ${TOP}: ${results.turnedAmongPairs}`,
);
lines.push(
  `missed alone over its effect in half of the masks, median: pairs ${blind.pairs.toFixed(2)}, others ${blind.others.toFixed(2)}`,
  `linear R²: ${JSON.stringify(linearR2)}`,
);
process.stdout.write(`${lines.join('\n')}\n`);
