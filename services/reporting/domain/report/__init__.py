"""The annual report: drafted from records; foreword and closing are the editor's own."""
