"""The handler of jobs of the kind `import`: each file is looked at, fetched, verified and only then shown in Koko."""
