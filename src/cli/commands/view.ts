import type { Command } from '../command.ts';
export const view: Command = { name: 'view', summary: '', synopsis: '', help: [], options: {}, run: async () => 0 };
