import type { ComponentChildren } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { chosenFiles, droppedFiles, type Placed } from '../api/pack.js';
import { mayRun } from '../session.js';

interface DropZoneProps {
  onFiles: (files: Placed[]) => void;
  children: ComponentChildren;
}

/** Takes files that are dropped on what it holds. */
export function DropZone({ onFiles, children }: DropZoneProps) {
  const [over, setOver] = useState(false);
  if (!mayRun.value) return <div class="stack">{children}</div>;
  return (
    <section
      aria-label="Files can be dropped here"
      class={over ? 'stack drop-here' : 'stack'}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false);
      }}
      onDrop={async (event) => {
        event.preventDefault();
        setOver(false);
        if (event.dataTransfer) onFiles(await droppedFiles(event.dataTransfer));
      }}
    >
      {children}
    </section>
  );
}

interface FileButtonProps {
  /** File names that are offered, as `.onnx,.data`; all without it. */
  accept?: string;
  folder?: boolean;
  primary?: boolean;
  onFiles: (files: Placed[]) => void;
  children: ComponentChildren;
}

/** A button that asks for files, or for a folder. */
export function FileButton({ accept, folder, primary, onFiles, children }: FileButtonProps) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" class={primary ? 'primary' : undefined} onClick={() => input.current?.click()}>
        {children}
      </button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        {...(accept && { accept })}
        {...(folder && { webkitdirectory: true })}
        onChange={(event) => {
          const { files } = event.currentTarget;
          if (files?.length) onFiles(chosenFiles(files));
          event.currentTarget.value = '';
        }}
      />
    </>
  );
}
