import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

interface PageProps {
  title: string;
  /** Above the title: where this belongs. */
  trail?: ComponentChildren;
  /** Under the title. */
  about?: ComponentChildren;
  /** To the right of the title. */
  actions?: ComponentChildren;
  children: ComponentChildren;
}

/** One page. Its title gets the focus when it comes up, so that the keyboard goes on there and screen readers say where they are. */
export function Page({ title, trail, about, actions, children }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    heading.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, []);
  useEffect(() => {
    document.title = `${title} · snp`;
  }, [title]);
  return (
    <>
      <div class="head">
        <div>
          {trail && <p class="small quiet">{trail}</p>}
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {about && <p class="small quiet">{about}</p>}
        </div>
        {actions && <div class="row">{actions}</div>}
      </div>
      {children}
    </>
  );
}
