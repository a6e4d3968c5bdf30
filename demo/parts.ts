import '../src/element.ts';

/** The element of an id, which index.html is known to hold. */
function byId<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`page: expected #${id}, got nothing; index.html and main.ts belong together`);
  return found as T;
}

/** Everything on the page that code touches, under one name each. */
export const parts = {
  main: document.querySelector('main') as HTMLElement,
  view: byId<HTMLElementTagNameMap['spex-explanation']>('view'),
  said: byId('said'),
  where: byId('where'),
  model: byId('model'),
  theme: byId<HTMLButtonElement>('theme'),
  form: byId<HTMLFormElement>('ask'),
  text: byId<HTMLTextAreaElement>('text'),
  examples: byId('examples'),
  modelChoice: byId<HTMLSelectElement>('model-choice'),
  ownFolder: byId<HTMLInputElement>('own-folder'),
  ownFile: byId<HTMLInputElement>('own-file'),
  hubField: byId('hub-field'),
  hubId: byId<HTMLInputElement>('hub-id'),
  labelField: byId('label-field'),
  target: byId<HTMLSelectElement>('target'),
  wordsField: byId('words-field'),
  words: byId<HTMLInputElement>('words'),
  units: byId<HTMLSelectElement>('units'),
  trainFile: byId<HTMLInputElement>('train-file'),
  maskField: byId('mask-field'),
  mask: byId<HTMLSelectElement>('mask'),
  replacementField: byId('replacement-field'),
  replacement: byId<HTMLInputElement>('replacement'),
  method: byId<HTMLSelectElement>('method'),
  index: byId<HTMLSelectElement>('index'),
  device: byId<HTMLSelectElement>('device'),
  until: byId<HTMLSelectElement>('until'),
  grade: byId<HTMLSelectElement>('grade'),
  budget: byId<HTMLInputElement>('budget'),
  budgetSaid: byId<HTMLOutputElement>('budget-said'),
  explain: byId<HTMLButtonElement>('explain'),
  stop: byId<HTMLButtonElement>('stop'),
  progress: byId<HTMLProgressElement>('progress'),
  status: byId('status'),
  hint: byId('hint'),
  problem: byId('problem'),
  problemCause: byId('problem-cause'),
  problemCode: byId('problem-code'),
  problemDetail: byId('problem-detail'),
  problemAction: byId<HTMLButtonElement>('problem-action'),
  badge: byId('badge'),
  verify: byId<HTMLButtonElement>('verify'),
  verifyWhat: byId('verify-what'),
  verified: byId('verified'),
  link: byId<HTMLButtonElement>('link'),
  linkSettings: byId<HTMLButtonElement>('link-settings'),
  kept: byId('kept'),
  version: byId('version'),
} as const;
