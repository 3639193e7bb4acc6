// Random numbers: the streams of Python and numpy, which published simulators draw from, and Windrow's own.
#pragma once

#include "windrow/kernel/numpy_random.hpp"   // NumpyLegacyRandom
#include "windrow/kernel/python_random.hpp"  // PythonRandom
#include "windrow/kernel/streams.hpp"        // Streams, Stream
