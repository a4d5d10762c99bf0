// The compiled half of Boost.Asio, once: BOOST_ASIO_SEPARATE_COMPILATION keeps it out elsewhere.
#include <boost/asio/impl/src.hpp>
