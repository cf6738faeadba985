"""Owns the schema that JUnit reports are held to: that of Ant's JUnit task, as the package pyEDAA.Reports ships it."""

from importlib.metadata import distribution

import xmlschema

_FILE = "pyEDAA/Reports/Resources/Ant-JUnit4.xsd"

SCHEMA = xmlschema.XMLSchema10(str(distribution("pyEDAA.Reports").locate_file(_FILE)))
