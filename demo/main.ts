import '../src/element.ts';
import { type Explanation, type RunProgress, toCsv, toHtml, toSvg, WebspexError } from '../src/index.ts';
import { connectExplainer, type Endpoint, type ProgressEvent, type RemoteExplainer, type TextOptions } from '../src/text.ts';
import { decodeLink, encodeLink, type Shared } from './share.ts';
import stored from './stored/acting.json';
import { controlPair, corners, verification } from './verify.ts';
import { ADVICE, signed } from './words.ts';
import { startWorker } from './start-worker.ts';

type State = 'stored' | 'loading' | 'ready' | 'running' | 'done' | 'stopped' | 'error';

function byId<T extends HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

const main = document.querySelector('main') as HTMLElement;
const view = document.querySelector('spex-explanation') as HTMLElementTagNameMap['spex-explanation'];
const text = byId<HTMLTextAreaElement>('text');
const target = byId<HTMLSelectElement>('target');
const units = byId<HTMLSelectElement>('units');
const mask = byId<HTMLSelectElement>('mask');
const method = byId<HTMLSelectElement>('method');
const index = byId<HTMLSelectElement>('index');
const budget = byId<HTMLInputElement>('budget');
const explain = byId<HTMLButtonElement>('explain');
const stop = byId<HTMLButtonElement>('stop');
const progress = byId<HTMLProgressElement>('progress');
const status = byId('status');
const problem = byId('problem');
const verified = byId('verified');

let engine: RemoteExplainer | null = null;
let running: { stop(): void } | null = null;
let rate = 0;
let asked = 0;

function enter(state: State): void {
  main.dataset.state = state;
  explain.disabled = !engine || state === 'running';
  stop.disabled = state !== 'running';
  main.setAttribute('aria-busy', String(state === 'loading' || state === 'running'));
}

function sayProblem(error: unknown): void {
  const { code, message } = error instanceof WebspexError ? error : { code: 'self-check', message: String(error) };
  problem.textContent = `${ADVICE[code] ?? 'Something went wrong.'} (${code}: ${message})`;
  problem.hidden = false;
  status.textContent = '';
  enter('error');
}

function show(e: Explanation): void {
  view.result = e;
  byId('said').textContent = `“${e.target}”`;
  verified.replaceChildren();
}

function sayBudget(): void {
  const passes = 2 ** Number(budget.value);
  const seconds = rate > 0 ? passes / rate : 0;
  const time = seconds > 0 ? `, about ${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s here` : '';
  byId('budget-said').textContent = `${passes.toLocaleString('en')}${time}`;
}

function settings(): TextOptions {
  return {
    target: target.value || undefined,
    units: units.value as 'word',
    mask: mask.value,
    method: method.value as 'auto',
    index: index.value as 'FBII',
    budget: 2 ** Number(budget.value),
    seed: 7,
  };
}

function onLoad({ status: stage, file, loaded, total }: ProgressEvent): void {
  if (stage !== 'progress' || !file) return;
  const all = total ?? 0;
  if (all > 0) progress.value = (loaded ?? 0) / all;
  status.textContent = `model: ${file} ${((loaded ?? 0) / 1e6).toFixed(1)} MB`;
}

function onProgress(p: RunProgress): void {
  rate = p.masksPerSecond;
  progress.value = p.queries / p.budget;
  const left = p.etaMs > 1000 ? `, ${Math.ceil(p.etaMs / 1000)} s left` : '';
  status.textContent = p.phase === 'decoding' ? `${p.queries} passes, finding interactions…` : `${p.queries} of ${p.budget} passes, ${Math.round(rate)} a second${left}`;
}

async function load(): Promise<void> {
  enter('loading');
  status.textContent = 'loading the model…';
  try {
    engine = await connectExplainer(startWorker() as Endpoint, { model: new URL('./models/minilm-sst2/', document.baseURI).href, device: 'auto', progress_callback: onLoad });
    for (const label of engine.model.labels) target.append(new Option(label, label));
    applyLink();
    progress.value = 0;
    status.textContent = `ready: ${engine.device.adapter}${engine.device.software ? ' (software)' : ''}`;
    enter('ready');
  } catch (error) {
    sayProblem(error);
  }
}

async function run(): Promise<void> {
  if (!engine || running) return;
  problem.hidden = true;
  progress.value = 0;
  const current = engine.explain(text.value, { ...settings(), onProgress });
  running = current;
  enter('running');
  let stopped = false;
  stop.onclick = () => {
    stopped = true;
    current.stop();
    status.textContent = 'stopping…';
  };
  try {
    for await (const snapshot of current) show(snapshot);
    const { fit } = await current.result;
    status.textContent = `${fit.queries} passes${stopped ? ', stopped: what is known is kept' : ''}`;
    progress.value = fit.queries / fit.budget;
    running = null;
    enter(stopped ? 'stopped' : 'done');
    sayBudget();
  } catch (error) {
    running = null;
    sayProblem(error);
  }
}

/** True passes on the text that is shown, under the settings that it was explained with. */
function evaluateShown(e: Explanation, masks: number[][]): Promise<Float32Array> {
  if (!engine) throw new WebspexError('usage', 'model: expected it loaded, got nothing yet; wait for “ready”');
  return engine.evaluate(e.text, { masks, target: e.target, units: e.units as 'word', mask: e.mask, scalar: e.scalar as 'log-odds' });
}

async function verify(members: readonly number[]): Promise<void> {
  const e = view.result;
  if (!e || members.length > 6) return;
  verified.textContent = 'asking the model…';
  try {
    const control = controlPair(e);
    const rows = corners(e.players.length, members);
    const extra = control ? corners(e.players.length, control) : [];
    const values = await evaluateShown(e, [...rows, ...extra]);
    const measured = values.subarray(0, rows.length);
    verified.replaceChildren(verification(e, members, measured, control && { members: control, measured: values.subarray(rows.length) }));
  } catch (error) {
    verified.replaceChildren();
    sayProblem(error);
  }
}

async function askToggled(absent: readonly number[]): Promise<void> {
  const e = view.result;
  const mine = ++asked;
  if (!e || absent.length === 0 || !engine) return;
  const row = e.players.map((p) => (absent.includes(p.id) ? 0 : 1));
  const [value] = await evaluateShown(e, [row]);
  if (mine === asked && view.result === e) view.setMeasured(absent, value);
}

function save(kind: string): void {
  const e = view.result;
  if (!e) return;
  const [body, type] = {
    json: [JSON.stringify(e, null, 1), 'application/json'],
    csv: [toCsv(e), 'text/csv'],
    svg: [toSvg(e), 'image/svg+xml'],
    html: [toHtml(e), 'text/html'],
  }[kind] as [string, string];
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([body], { type }));
  link.download = `explanation.${kind}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

async function copyLink(): Promise<void> {
  const { target: wanted, units: by, mask: rule, method: how, index: which } = settings();
  const shared: Shared = { text: text.value, target: wanted ?? '', units: String(by), mask: rule ?? '', method: how ?? '', index: which ?? '', budget: Number(budget.value) };
  location.hash = `s=${await encodeLink(shared)}`;
  await navigator.clipboard?.writeText(location.href).catch(() => {});
  byId('kept').textContent = 'The link is in the address bar.';
}

/** Fields that a link may set; anything it says that is not among the choices is ignored. */
async function applyLink(): Promise<void> {
  const shared = await decodeLink(location.hash);
  if (!shared) return;
  text.value = shared.text;
  for (const [field, value] of [[target, shared.target], [units, shared.units], [mask, shared.mask], [method, shared.method], [index, shared.index]] as const)
    if ([...field.options].some((o) => o.value === value)) field.value = value;
  if (shared.budget >= 6 && shared.budget <= 13) budget.value = String(shared.budget);
  sayBudget();
}

show(stored as Explanation);
text.value = (stored as Explanation).text;
status.textContent = `stored explanation; ${signed((stored as Explanation).values.full)} log-odds`;
sayBudget();
budget.addEventListener('input', sayBudget);
byId('ask').addEventListener('submit', (event) => {
  event.preventDefault();
  run();
});
text.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  run();
});
view.addEventListener('spex-verify', (event) => verify((event as CustomEvent<{ members: number[] }>).detail.members));
view.addEventListener('spex-toggle', (event) => askToggled((event as CustomEvent<{ absent: number[] }>).detail.absent).catch(sayProblem));
for (const button of document.querySelectorAll<HTMLButtonElement>('[data-save]')) button.addEventListener('click', () => save(button.dataset.save ?? 'json'));
byId('link').addEventListener('click', copyLink);
load();
