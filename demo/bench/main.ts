import type { Row } from '../../src/bench.ts';
import { VERSION } from '../../src/index.ts';
import type { AdapterFacts } from '../../src/webgpu.ts';
import { saveAs } from '../save-as.ts';
import { workerStarter } from '../trusted-worker.ts';
import { machineLines } from './machine.ts';
import type { Ask, Case, Said } from './messages.ts';
import { failureOf, headingOf, lineOf, markdownOf } from './table.ts';
import workerAddress from './worker.ts?worker&url';

/** Written by the build: the commit that the page is of. */
declare const __COMMIT__: string;
const COMMIT = __COMMIT__ || VERSION;

function byId<T extends HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}
const parts = {
  main: document.querySelector('main') as HTMLElement,
  machine: byId('machine'),
  form: byId<HTMLFormElement>('ask'),
  cases: byId('cases'),
  run: byId<HTMLButtonElement>('run'),
  stop: byId<HTMLButtonElement>('stop'),
  status: byId('status'),
  none: byId('none'),
  rows: byId<HTMLTableElement>('rows'),
  copy: byId<HTMLButtonElement>('copy'),
  save: byId<HTMLButtonElement>('save'),
  kept: byId('kept'),
};

type State = 'looking' | 'ready' | 'running' | 'done' | 'stopped' | 'failed';
function enter(state: State, status: string): void {
  const running = state === 'running';
  parts.main.dataset.state = state;
  parts.main.setAttribute('aria-busy', String(running || state === 'looking'));
  parts.run.disabled = running || state === 'looking';
  parts.stop.disabled = !running;
  parts.status.textContent = status;
}

const startWorker = workerStarter(workerAddress);
let worker: Worker | null = null;
let rows: Row[] = [];
let about: readonly string[] = [];
/** The tab was hidden at some time of the run. */
let hidden = false;

function sayMachine(facts: AdapterFacts | null): void {
  about = [...machineLines(facts), `webspex ${VERSION}, commit ${COMMIT}`];
  parts.machine.replaceChildren(
    ...about.map((line) => {
      const item = document.createElement('li');
      item.textContent = line;
      return item;
    }),
  );
}

/** A box for each case, once: those that are chosen stay chosen. */
function offerCases(cases: readonly Case[]): void {
  if (boxes().length > 0) return;
  for (const { name, title, possible } of cases) {
    const label = document.createElement('label');
    const box = document.createElement('input');
    box.type = 'checkbox';
    box.value = name;
    box.checked = possible;
    box.disabled = !possible;
    label.append(box, ` ${name}: ${title}`);
    parts.cases.append(label);
  }
}

function boxes(): HTMLInputElement[] {
  return [...parts.cases.querySelectorAll('input')];
}

function take({ data }: MessageEvent<Said>): void {
  switch (data.said) {
    case 'adapter':
      sayMachine(data.facts);
      offerCases(data.cases);
      if (parts.main.dataset.state === 'looking') enter('ready', '');
      break;
    case 'line':
      parts.status.textContent = `${data.line} …`;
      break;
    case 'rows':
      for (const row of data.rows) addRow(row);
      break;
    case 'failed':
      addLine(failureOf(data.name, data.message));
      break;
    case 'done':
      enter('done', hidden ? 'Done, but the tab was hidden for a while: the numbers may be too low.' : 'Done.');
  }
}

function addLine(line: HTMLTableRowElement): void {
  parts.rows.tBodies[0].append(line);
  parts.rows.hidden = false;
  parts.none.hidden = true;
}

function addRow(row: Row): void {
  rows.push(row);
  addLine(lineOf(row));
  parts.copy.disabled = false;
  parts.save.disabled = false;
}

/** A worker that has looked for a GPU, and waits to be asked. */
function openWorker(): void {
  worker?.terminate();
  worker = startWorker();
  worker.addEventListener('message', take);
  worker.addEventListener('error', () => enter('failed', 'The benchmark’s worker has ended; press Run to start another.'));
}

function run(): void {
  if (parts.main.dataset.state === 'failed') {
    enter('looking', 'Looking for a GPU …');
    openWorker();
    return;
  }
  const names = boxes().flatMap(({ checked, value }) => (checked ? [value] : []));
  if (names.length === 0) {
    parts.status.textContent = 'Nothing is chosen.';
    return;
  }
  rows = [];
  hidden = document.visibilityState === 'hidden';
  parts.rows.replaceChildren(headingOf(), document.createElement('tbody'));
  enter('running', 'Starting …');
  const ask: Ask = { names, model: new URL('./models/minilm-sst2/', document.baseURI).href, commit: COMMIT };
  worker?.postMessage(ask);
}

/** A benchmark cannot be asked to stop in the middle of a measurement: its worker ends, and another looks for the GPU. */
function stop(): void {
  openWorker();
  enter('stopped', 'Stopped; what was measured is kept.');
}

async function copy(): Promise<void> {
  const copied = await (navigator.clipboard?.writeText(markdownOf(rows, about)) ?? Promise.reject(new Error('no clipboard'))).then(
    () => true,
    () => false, // no permission
  );
  parts.kept.textContent = copied ? 'Copied.' : 'This browser does not let the page copy; save the JSON instead.';
}

function save(): void {
  saveAs('bench.json', 'application/json', `${JSON.stringify({ machine: about, rows }, null, 1)}\n`);
  parts.kept.textContent = 'Saved bench.json.';
}

byId('version').textContent = VERSION;
parts.form.addEventListener('submit', (event) => {
  event.preventDefault();
  run();
});
parts.stop.addEventListener('click', stop);
parts.copy.addEventListener('click', copy);
parts.save.addEventListener('click', save);
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'hidden') hidden = true;
});
enter('looking', 'Looking for a GPU …');
openWorker();
