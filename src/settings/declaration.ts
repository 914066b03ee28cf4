import type { Limits } from '../protocol/codes/limits.ts';

export type HostName = 'node' | 'edge';

/**
 * The table of `docs/settings.md` that lists a setting. `internal` settings are in none: they exist so
 * that tests and benchmarks can raise a limit, and no operator needs them.
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
    | { kind: 'whole'; default: number; min: number; max: number; limit?: keyof Limits }
    | {
        kind: 'text';
        default?: string;
        /** What `.env.example` shows if there is no default. */
        example?: string;
        wrong?: (value: string) => string | undefined;
      }
    | { kind: 'choice'; default: string; choices: readonly string[] }
    | { kind: 'switch'; default?: boolean }
  );
