// placeholder: written by the shape inference work
