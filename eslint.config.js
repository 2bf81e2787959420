import js from '@eslint/js';
import tseslint from 'typescript-eslint';

const banned = (selector, message) => ({ selector, message });

export default tseslint.config(
  { ignores: ['node_modules/', 'dist/', 'data/', 'coverage/', '**/.vite/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      'max-lines': ['error', { max: 250, skipBlankLines: false, skipComments: false }],
      'max-lines-per-function': ['error', { max: 50, skipBlankLines: true, skipComments: true }],
      complexity: ['error', 10],
      'max-depth': ['error', 3],
      'max-params': ['error', 4],
      eqeqeq: 'error',
      'no-console': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { ignoreUsingDeclarations: true }],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      'no-restricted-syntax': [
        'error',
        banned('ExportDefaultDeclaration', 'Use a named export.'),
        banned('ExportAllDeclaration', 'No barrels: import from the file that defines it.'),
        banned(
          "MemberExpression[object.name='process'][property.name='env']",
          'Only config.ts reads process.env.',
        ),
        banned(
          "MemberExpression[object.name='AbortSignal'][property.name='timeout']",
          'Use timeLimit: inside AbortSignal.any Node 20 collects it as garbage, and it never aborts.',
        ),
        banned(
          "ClassDeclaration[superClass.name='EventEmitter']",
          'Call a function; fan-out lives in live/feed.ts.',
        ),
      ],
    },
  },
  {
    files: ['**/config.ts', 'test/**', '*.config.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        banned(
          "ExportDefaultDeclaration:not(Program[sourceType='module'] > ExportDefaultDeclaration)",
          'Use a named export.',
        ),
        banned('ExportAllDeclaration', 'No barrels: import from the file that defines it.'),
      ],
    },
  },
  {
    files: ['test/**'],
    rules: { 'max-lines-per-function': 'off', '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    files: ['hmi/**', 'test/hmi/**'],
    rules: { 'max-lines-per-function': ['error', { max: 80, skipBlankLines: true, skipComments: true }] },
  },
  {
    files: ['**/*.mjs', '**/*.js', '**/*.cjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        Buffer: 'readonly',
        setTimeout: 'readonly',
      },
    },
  },
);
