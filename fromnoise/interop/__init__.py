"""Other projects' checkpoints: Hugging Face folders and GGUF files, in and out."""
