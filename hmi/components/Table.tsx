import type { ComponentChildren } from 'preact';

export interface Column<Row> {
  key: string;
  head: ComponentChildren;
  cell: (row: Row) => ComponentChildren;
  /** Numbers stand right aligned. */
  align?: 'right';
  /** Keep on one line. */
  tight?: boolean;
}

interface Props<Row> {
  caption: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  id: (row: Row) => string | number;
  /** The id of the row's element, where something must find it. */
  rowId?: (row: Row) => string;
  mark?: (row: Row) => string | undefined;
}

/** A plain table; where it is narrow each row becomes a block with its heads beside the cells. */
export function Table<Row>({ caption, columns, rows, id, rowId, mark }: Props<Row>) {
  return (
    <table class="list">
      <caption class="unseen">{caption}</caption>
      <thead>
        <tr>
          {columns.map(({ key, head, align }) => (
            <th key={key} scope="col" data-align={align}>
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={id(row)} id={rowId?.(row)} data-mark={mark?.(row)}>
            {columns.map(({ key, head, cell, align, tight }) => (
              <td
                key={key}
                data-align={align}
                data-tight={tight}
                data-head={typeof head === 'string' ? head : undefined}
              >
                {cell(row)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
