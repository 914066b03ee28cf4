import type { Limits } from '../protocol/codes/limits.ts';

export type HostName = 'node' | 'edge';

/**
 * Which table of `docs/settings.md` a setting stands in. `internal` ones are in none: they exist so
 * that tests and benchmarks can lift a limit, and no operator needs them.
 */
export type Group = 'required' | 'security' | 'tuning' | 'internal';

interface Declared {
  name: string;
  group: Group;
  /** The hosts that read it. */
  hosts: readonly HostName[];
  /** One line for the table. */
  about: string;
  unit?: string;
}

export type Declaration = Declared &
  (
    | { kind: 'whole'; default: number; least: number; most: number; limit?: keyof Limits }
    | {
        kind: 'text';
        default?: string;
        /** What `.env.example` shows, where that is no default. */
        example?: string;
        wrong?: (value: string) => string | undefined;
      }
    | { kind: 'choice'; default: string; choices: readonly string[] }
    | { kind: 'switch'; default?: boolean }
  );
