import { type Policy, policies } from '../src/admission/policies.ts';
import { readSettings } from '../src/settings/settings.ts';

/** The table of `docs/operating.md`, as the list of policies makes it with the default settings. */
export function policiesTable(): string {
  const { limits, MAX_UNAUTHENTICATED_SOCKETS } = readSettings({}).settings;
  return [
    '| rule | what is counted | bound | beyond it | protects | settings | host |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...policies(limits, MAX_UNAUTHENTICATED_SOCKETS).map(row),
  ].join('\n');
}

function row({ id, subject, bound, beyond, protects, settings, hosts }: Policy): string {
  const named = settings.map((name) => `\`${name}\``).join(', ');
  const where = hosts.length === 2 ? 'both' : hosts.join();
  return `| ${[`[${id}]`, subject, bound, beyond, protects, named, where].join(' | ')} |`;
}
