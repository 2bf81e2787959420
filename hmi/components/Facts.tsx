import type { ComponentChildren } from 'preact';

/** Names and their values. */
export type Pairs = readonly (readonly [string, string])[];

/** Names and their values, in columns where there is room. */
export function Facts({ of }: { of: Pairs }) {
  return (
    <dl class="facts">
      {of.map(([name, text]) => (
        <div key={name + text}>
          <dt>{name}</dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  );
}

/** The same under a title; `children` say in a word how it stands. */
export function Panel({
  title,
  facts,
  children,
}: {
  title: string;
  facts: Pairs;
  children?: ComponentChildren;
}) {
  return (
    <section class="panel">
      <h2>{title}</h2>
      {children}
      <Facts of={facts} />
    </section>
  );
}
