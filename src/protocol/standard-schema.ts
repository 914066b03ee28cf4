import { Refusal } from './codes/errors.ts';

/**
 * A schema of any validation library, with the parts used here: Standard Schema, version 1
 * (https://standardschema.dev). `jsonSchema` belongs to its extension for JSON Schema, which not every
 * library has.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => Checked<Output> | Promise<Checked<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
    readonly jsonSchema?: {
      readonly input: (options: { target: SchemaDraft }) => Record<string, unknown>;
    };
  };
}

/** The drafts of JSON Schema that descriptions are written in. */
export type SchemaDraft = 'draft-2020-12' | 'draft-07';

type Checked<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly Issue[] };

interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** Any schema, whatever its input and output. */
// oxlint-disable-next-line typescript/no-explicit-any
export type AnySchema = StandardSchema<any, any>;

/** What a value is after its schema has checked it. */
export type Output<S> = S extends AnySchema
  ? NonNullable<S['~standard']['types']>['output']
  : never;
/** What a client sends for it. */
export type Input<S> = S extends AnySchema ? NonNullable<S['~standard']['types']>['input'] : never;

/**
 * Checks a value with an application's schema.
 * @param within the field that holds the value, for the refusal; none for a whole payload
 * @throws Refusal `invalid_payload` that names the first invalid field
 * @throws Error for a schema that is asynchronous
 */
export function parseWith(schema: AnySchema, value: unknown, within?: string): unknown {
  const checked = schema['~standard'].validate(value);
  if (checked instanceof Promise) throw new Error('The schema is asynchronous.');
  if (checked.issues === undefined) return checked.value;
  const [issue] = checked.issues;
  const path = (issue?.path ?? []).map((part) =>
    String(typeof part === 'object' ? part.key : part),
  );
  const field = [...(within === undefined ? [] : [within]), ...path].join('.').slice(0, 128);
  const why = issue?.message ?? 'see its schema';
  const sentence = `${field === '' ? 'payload' : field} does not fit: ${why}`;
  throw new Refusal('invalid_payload', /[.!?]$/.test(sentence) ? sentence : `${sentence}.`, {
    field: field === '' ? 'payload' : field,
  });
}

/** The JSON Schema of a schema's input; `{}`, which accepts anything, where its library cannot make one. */
export function jsonSchemaOf(schema: AnySchema, target: SchemaDraft): Record<string, unknown> {
  try {
    const { $schema: _, ...rest } = schema['~standard'].jsonSchema?.input({ target }) ?? {};
    return rest;
  } catch {
    // Thrown for what JSON Schema cannot express, such as a transformation.
    return {};
  }
}
