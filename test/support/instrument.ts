import { type AnyNode, type Function as FunctionNode, parse } from 'acorn';

/** One of the project's own functions. */
export interface OwnFunction {
  /** The path from the project's root. */
  file: string;
  name: string;
}

/** Code that adds the index of each called function to `globalThis.calledFunctions`. */
export interface Instrumented {
  code: string;
  functions: readonly OwnFunction[];
}

/** The comment line with which esbuild begins each module of a bundle. */
const MODULE_LINE = /^\/\/ (\S+)$/gm;

const PREAMBLE = 'globalThis.calledFunctions ??= new Set();\n';

/**
 * Makes each of the project's functions in a bundle record its calls; those of libraries stay.
 * @param bundle a module made by esbuild, not minified
 */
export function instrument(bundle: string): Instrumented {
  const modules = [...bundle.matchAll(MODULE_LINE)].map((match) => ({
    at: match.index,
    file: match[1] ?? '',
  }));
  const fileAt = (at: number) => modules.findLast((module) => module.at < at)?.file ?? '';
  const functions: OwnFunction[] = [];
  const edits: { at: number; text: string }[] = [];
  const program = parse(bundle, { ecmaVersion: 'latest', sourceType: 'module' });
  for (const { node, name } of functionsIn(program)) {
    const file = fileAt(node.start);
    if (!/^(?:src|local-server)\//.test(file)) continue;
    edits.push(...notingCall(node, functions.length));
    functions.push({ file, name });
  }
  return { code: PREAMBLE + edited(bundle, edits), functions };
}

interface Found {
  node: FunctionNode;
  name: string;
}

/** All functions in a syntax tree, outer ones before inner ones. */
function functionsIn(program: AnyNode): Found[] {
  const found: Found[] = [];
  const visit = (node: AnyNode, name: string): void => {
    if (isFunction(node)) found.push({ node, name: node.id?.name ?? name });
    const inner = nameGivenBy(node) ?? name;
    for (const value of Object.values(node)) {
      for (const child of Array.isArray(value) ? (value as unknown[]) : [value]) {
        if (isNode(child)) visit(child, inner);
      }
    }
  };
  visit(program, '');
  return found;
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && 'type' in value;
}

function isFunction(node: AnyNode): node is AnyNode & FunctionNode {
  return /^(?:FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type);
}

/** The name that `node` gives to an anonymous function within it. */
function nameGivenBy(node: AnyNode): string | undefined {
  switch (node.type) {
    case 'ClassDeclaration':
    case 'ClassExpression':
    case 'FunctionDeclaration':
      return node.id?.name;
    case 'VariableDeclarator':
      return node.id.type === 'Identifier' ? node.id.name : undefined;
    case 'MethodDefinition':
    case 'PropertyDefinition':
    case 'Property':
      if (node.key.type === 'PrivateIdentifier') return `#${node.key.name}`;
      return node.key.type === 'Identifier' ? node.key.name : undefined;
    default:
      return undefined;
  }
}

function notingCall({ body }: FunctionNode, index: number): { at: number; text: string }[] {
  const note = `globalThis.calledFunctions.add(${index})`;
  if (body.type === 'BlockStatement') return [{ at: body.start + 1, text: `${note};` }];
  return [
    { at: body.start, text: `(${note}, ` },
    { at: body.end, text: ')' },
  ];
}

function edited(code: string, edits: readonly { at: number; text: string }[]): string {
  const pieces: string[] = [];
  let from = 0;
  for (const { at, text } of edits.toSorted((a, b) => a.at - b.at)) {
    pieces.push(code.slice(from, at), text);
    from = at;
  }
  pieces.push(code.slice(from));
  return pieces.join('');
}
