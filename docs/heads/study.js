// The study of docs/heads.md: which attention heads of the embedded model act together on sentences.tsv, and which of them it can do without.
//
//     npm run -s build && node docs/heads/study.js [BUDGET]
//
// Writes results.json and accuracy.svg beside this file. Needs minutes: 1,024 maskings of 64 sentences are 65,536 passes.
import { readFileSync, writeFileSync } from 'node:fs';
import { evaluateSpectrum, explain, masksFromRows, spectrumFromTerms } from '../../dist/index.js';
import {
  componentPlayers,
  componentValueFunction,
  encodeTexts,
  labelsOfExamples,
  loadClassifier,
  openSource,
  parseExamples,
} from '../../dist/lens.js';
import { EMBEDDED_MODEL } from '../../dist/text.js';
import { openBackend } from '../../dist/webgpu.js';

const BUDGET = Number(process.argv[2] ?? 1024);
const STEP = 4;
const RANDOM_ORDERS = 10;
/** Random sets of the other heads that a pair is checked with, and how many pairs are. */
const CHECKS = 48;
const PAIRS = 3;
const here = (name) => new URL(name, import.meta.url);

const examples = parseExamples(readFileSync(here('sentences.tsv'), 'utf8'), 'sentences.tsv');
// Sentences come in pairs, positive and negative: every third pair is kept for the end.
const isTest = (_, i) => Math.floor(i / 2) % 3 === 2;
const fitting = examples.filter((e, i) => !isTest(e, i));
const testing = examples.filter(isTest);

const backend = await openBackend('auto');
const model = await loadClassifier(openSource(EMBEDDED_MODEL), { backend });
const encoded = (some) =>
  encodeTexts(
    model.tokenizer,
    some.map((e) => e.text),
    model.info.maxTokens,
    'example',
  );
const means = await model.components.means(encoded(fitting));
const players = componentPlayers(model.components, 'heads');
const n = players.players.length;
const valuing = (some, scalar) =>
  componentValueFunction(model, {
    players,
    texts: encoded(some),
    targets: labelsOfExamples(model.info.labels, some),
    scalar,
    means,
    rescale: false,
  });
const asked = {
  fitting: { logProb: valuing(fitting, 'log-prob'), accuracy: valuing(fitting, 'accuracy') },
  testing: { logProb: valuing(testing, 'log-prob'), accuracy: valuing(testing, 'accuracy') },
};
const say = (line) => process.stderr.write(`${line}\n`);

say(`${fitting.length} sentences to fit, ${testing.length} to test, ${n} heads, ${backend.info.adapter}`);
let told = 0;
const run = explain(asked.fitting.logProb, {
  players: players.players,
  budget: BUDGET,
  onProgress({ queries, phase, etaMs }) {
    if (phase === 'evaluating' && queries >= told) say(`${queries} of ${BUDGET} maskings, ${Math.round(etaMs / 1000)} s left`);
    told = Math.max(told, queries >= told ? queries + 64 : told);
  },
});
const explanation = await run.result;
say(`R² ${explanation.fit.r2.toFixed(3)} (${explanation.fit.chosen})`);

const spectrum = spectrumFromTerms(
  n,
  explanation.spectrum.map(({ members, coefficient }) => [members, coefficient]),
);
const rowOf = (kept) => Array.from({ length: n }, (_, i) => (kept.has(i) ? 1 : 0));
const predicted = (sets) => evaluateSpectrum(spectrum, masksFromRows(sets.map(rowOf)));
const best = (values) => values.reduce((top, v, i) => (v > values[top] ? i : top), 0);
const without = (set, i) => new Set([...set].filter((j) => j !== i));

/** Sets of n, n − 1, … 0 heads whose predicted value is as high as dropping one after the other and then swapping pairs can make it. */
function prunedBySpectrum() {
  const sets = [new Set(Array.from({ length: n }, (_, i) => i))];
  while (sets.at(-1).size > 0) {
    const now = [...sets.at(-1)];
    let set = without(sets.at(-1), now[best(predicted(now.map((i) => without(sets.at(-1), i))))]);
    for (let [value, tried] = [predicted([set])[0], 0]; tried < 20; tried++) {
      const swaps = [...set].flatMap((out) =>
        Array.from({ length: n }, (_, i) => i)
          .filter((i) => !set.has(i))
          .map((i) => without(set, out).add(i)),
      );
      if (swaps.length === 0) break;
      const values = predicted(swaps);
      const at = best(values);
      if (values[at] <= value + 1e-9) break;
      [set, value] = [swaps[at], values[at]];
    }
    sets.push(set);
  }
  return sets;
}

/** Sets of the heads that come first when the largest score goes first. */
function prunedByScore(scores) {
  const order = Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a]);
  return Array.from({ length: n + 1 }, (_, dropped) => new Set(order.slice(0, n - dropped)));
}

say('leaving each head out …');
const everyone = new Set(Array.from({ length: n }, (_, i) => i));
const full = (await asked.fitting.logProb(masksFromRows([rowOf(everyone)])))[0];
const alone = await asked.fitting.logProb(masksFromRows(Array.from({ length: n }, (_, i) => rowOf(without(everyone, i)))));
const main = new Map(explanation.interactions.filter((i) => i.members.length === 1).map((i) => [i.members[0], i.value]));

/** The same numbers each time: a plain linear congruential generator. */
function shuffled(seed) {
  let state = seed >>> 0;
  return Array.from({ length: n }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state;
  });
}

/** What two heads do together, asked of the model itself: the mean of f(ab) − f(a) − f(b) + f(∅) over the same random sets of the others. */
async function measured([a, b]) {
  const corners = [
    [1, 1, 1],
    [1, 0, -1],
    [0, 1, -1],
    [0, 0, 1],
  ];
  const rows = Array.from({ length: CHECKS }, (_, r) => shuffled(1000 + r).map((state) => state >>> 31));
  const masks = rows.flatMap((row) => corners.map(([x, y]) => row.map((bit, i) => (i === a ? x : i === b ? y : bit))));
  const values = await asked.fitting.logProb(masksFromRows(masks));
  const effects = rows.map((_, r) => corners.reduce((sum, [, , sign], c) => sum + sign * values[4 * r + c], 0));
  const mean = effects.reduce((sum, v) => sum + v, 0) / CHECKS;
  const spread = Math.sqrt(effects.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (CHECKS - 1));
  return { members: [a, b], mean, se: spread / Math.sqrt(CHECKS) };
}

const ways = {
  spectrum: prunedBySpectrum(),
  'main effects of the spectrum': prunedByScore(Array.from({ length: n }, (_, i) => main.get(i) ?? 0)),
  'leave-one-out': prunedByScore(Array.from(alone, (v) => full - v)),
  ...Object.fromEntries(Array.from({ length: RANDOM_ORDERS }, (_, o) => [`random ${o}`, prunedByScore(shuffled(o + 1))])),
};
const kept = Array.from({ length: Math.floor(n / STEP) + 1 }, (_, i) => n - i * STEP);
const curves = {};
for (const [way, sets] of Object.entries(ways)) {
  say(`pruning: ${way} …`);
  const masks = masksFromRows(kept.map((k) => rowOf(sets[n - k])));
  curves[way] = {
    testAccuracy: Array.from(await asked.testing.accuracy(masks)),
    ...(way.startsWith('random')
      ? {}
      : { testLogProb: Array.from(await asked.testing.logProb(masks)), fitAccuracy: Array.from(await asked.fitting.accuracy(masks)) }),
  };
}
const random = Object.keys(curves).filter((way) => way.startsWith('random'));
curves.random = { testAccuracy: kept.map((_, i) => random.reduce((sum, way) => sum + curves[way].testAccuracy[i], 0) / random.length) };
for (const way of random) delete curves[way];

const pairs = explanation.interactions.filter((i) => i.members.length === 2).slice(0, PAIRS);
const checked = [];
for (const { members } of pairs) {
  say('asking the model for a pair …');
  checked.push(await measured(members));
}

writeFileSync(here('accuracy.svg'), drawn());
const { timing: _, ...rest } = explanation;
const results = {
  sentences: { fitting: fitting.length, testing: testing.length },
  device: backend.info,
  kept,
  curves,
  checked,
  leaveOneOut: Array.from(alone, (v) => full - v),
  explanation: rest,
};
writeFileSync(here('results.json'), `${JSON.stringify(results)}\n`);
model.destroy();
backend.destroy();
report();

/** Accuracy on the test sentences by heads kept, each line named at its end. */
function drawn() {
  const [width, height, left, right, top, bottom] = [760, 380, 64, 210, 28, 56];
  const x = (k) => left + ((n - k) / n) * (width - left - right);
  const y = (a) => top + (1 - (a - 0.4) / 0.6) * (height - top - bottom);
  const lines = [
    ['spectrum', 'spectrum', '#d55e00', ''],
    ['leave-one-out', 'leave-one-out', '#0072b2', '7 4'],
    ['random', `random (mean of ${RANDOM_ORDERS})`, '#565d6d', '2 4'],
  ];
  const text = (px, py, said, more = '') => `<text x="${px.toFixed(1)}" y="${py.toFixed(1)}" ${more}>${said}</text>`;
  const legend = lines.map(([way, name, colour, dash], i) => {
    const path = kept.map((k, p) => `${p === 0 ? 'M' : 'L'}${x(k).toFixed(1)} ${y(curves[way].testAccuracy[p]).toFixed(1)}`).join('');
    const at = top + 24 + 26 * i;
    const stroke = `stroke="${colour}" stroke-width="2.5" fill="none"${dash ? ` stroke-dasharray="${dash}"` : ''}`;
    return `<path d="${path}" ${stroke}/><path d="M${width - right + 16} ${at - 5}h28" ${stroke}/>${text(width - right + 52, at, name, 'fill="#16181d"')}`;
  });
  const grid = [0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1].map(
    (a) =>
      `<line x1="${left}" x2="${width - right}" y1="${y(a).toFixed(1)}" y2="${y(a).toFixed(1)}" stroke="#dfe3ea"/>${text(left - 10, y(a) + 5, `${Math.round(100 * a)} %`, 'text-anchor="end" fill="#565d6d"')}`,
  );
  const ticks = [72, 60, 48, 36, 24, 12, 0]
    .filter((k) => k <= n)
    .map((k) => text(x(k), height - bottom + 22, k, 'text-anchor="middle" fill="#565d6d"'));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif" font-size="14">
<title>Accuracy on ${testing.length} test sentences by heads kept</title><rect width="${width}" height="${height}" fill="#ffffff"/>
${[...grid, ...ticks, ...legend].join('\n')}
${text(left, height - 12, 'heads kept, of 72 (the others put out their mean)', 'fill="#16181d"')}
${text(left, 18, `accuracy on ${testing.length} test sentences`, 'fill="#16181d"')}
</svg>
`;
}

/** The tables of heads.md. */
function report() {
  const percent = (share) => `${(100 * share).toFixed(1)} %`;
  const labels = players.players.map((p) => p.label);
  const { fit, interactions } = explanation;
  const lines = [
    `R² ${fit.r2.toFixed(3)} (${fit.r2Low.toFixed(2)} to ${fit.r2High.toFixed(2)}) on ${fit.heldOut} held-out masks; ${fit.chosen}; ${fit.queries} maskings`,
    '',
  ];
  for (const [name, smallest] of [
    ['alone', 1],
    ['together', 2],
  ]) {
    lines.push(name);
    const some = interactions.filter((i) => (smallest === 1 ? i.members.length === 1 : i.members.length > 1)).slice(0, 10);
    for (const { members, value, se } of some)
      lines.push(`  ${members.map((m) => labels[m]).join(' × ')}  ${value.toFixed(4)} ± ${se.toFixed(4)}`);
  }
  for (const { members, mean, se } of checked)
    lines.push(`asked of the model: ${members.map((m) => labels[m]).join(' × ')}  ${mean.toFixed(4)} ± ${se.toFixed(4)}`);
  lines.push('', `heads kept | ${Object.keys(curves).join(' | ')}`);
  kept.forEach((k, i) => {
    lines.push(
      `${k} | ${Object.values(curves)
        .map((c) => percent(c.testAccuracy[i]))
        .join(' | ')}`,
    );
  });
  process.stdout.write(`${lines.join('\n')}\n`);
}
